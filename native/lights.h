#pragma once

#include "renderer.h"

namespace d2f {

void find_lights(Surfaces &surfaces, float light_floor, int threads);

// Adds the light of one disc to a rectangle of difference rows: columns x0 ... x0 + cols.
struct LightCanvas {
    int y0, x0, rows, cols;
    double *steps; // rows x (cols + 1) x 3, zero at first
    double *row(int y) const { return steps + size_t(y) * (cols + 1) * 3; }
};
void draw_light(const Light &light, const Opening &opening, Place place, LightCanvas &canvas);

} // namespace d2f

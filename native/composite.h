#pragma once

#include "lights.h"
#include "renderer.h"

namespace d2f {

// What has been gathered in a tile so far: planes r, g, b, coverage, and the coverage of the
// surface being added.
struct Gathered {
    int rows = 0, cols = 0, stride = 0;
    bool surface_open = false;
    std::vector<float> store;
    void reset(int r, int c);
    bool is_full(); // nothing farther can be seen
    float *row(int channel, int y) { return store.data() + (size_t(channel) * rows + y) * stride; }
};

void composite_row(Gathered &to, int y, const float *r, const float *g, const float *b,
                   const float *cover);
void end_surface_row(Gathered &to, int y);
void end_surface(Gathered &to);
void add_light_row(Gathered &to, int y, const double *steps);
// Writes the channels whose bits are set.
void write_row(Gathered &from, int y, const float *fallback, unsigned channels, float *out);

// Row y of a plane at 1 / scale, bilinear at full size: columns x0 ... x0 + count. `scratch` and
// `out` hold count + 2 * scale + 64 floats; the result begins at the returned pointer into `out`.
const float *enlarge_row(const float *plane, int rows, int cols, int scale, int y, int x0,
                         int count, float *scratch, float *out);

} // namespace d2f

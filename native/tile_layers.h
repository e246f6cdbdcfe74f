#pragma once

#include "composite.h"
#include "layer_blur.h"

namespace d2f {

// What one thread needs to draw tiles; kept from tile to tile.
struct Scratch {
    Tile tile;
    LayerBlur layer_blur;
    Gathered gathered;
    BlurredRows rows;
    std::vector<float> line, wide;
    std::vector<double> steps;
};

void begin_tile(Scratch &s, int rows, int cols);
void add_layer(Scratch &s, const Layer &layer);
void add_focus(Scratch &s, const Layer &focus);

} // namespace d2f

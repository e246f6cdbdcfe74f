#pragma once

#include "renderer.h"

namespace d2f {

// Layers in use per block of the photo: bit k stands for layer k of that side.
struct Masks {
    int rows = 0, cols = 0;
    std::vector<uint64_t> near, far; // per block of the photo; MASK_BLOCK
    std::vector<uint64_t> focus;     // per block: 1 where anything is partly in the focus layer
};

Masks find_masks(const Surfaces &surfaces, const Plan &plan);
// All bits of a rectangle of the photo, in pixels.
uint64_t mask_of(const std::vector<uint64_t> &bits, const Masks &m, int y0, int y1, int x0, int x1);
uint64_t bits_of_level(const Side &side, int level);
int reach_of(const Side &side, uint64_t bits); // of the widest kernel, in cells of its level

} // namespace d2f

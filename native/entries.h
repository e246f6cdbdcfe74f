#pragma once

#include "renderer.h"

namespace d2f {

// A rectangle of the photo as entries; what lies outside repeats the border.
void load_photo_tile(const Surfaces &surfaces, int y0, int x0, int rows, int cols, Tile &tile);
void load_level_tile(Level &level, int y0, int x0, int rows, int cols, Tile &tile);

// The photo at 1/2, 1/4 ... of its size. `wanted` tells for each 32 x 32 block of the photo whether
// anything in it is drawn at a reduced size; other blocks stay empty. Levels that are not `kept` have
// a size and need have no content: each block is reduced step by step while it is in the cache.
std::vector<Level> reduced_photos(const Surfaces &surfaces, const std::vector<uint8_t> &wanted,
                                  const std::vector<bool> &kept, int threads);

} // namespace d2f

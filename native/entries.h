#pragma once

#include "renderer.h"

namespace d2f {

// A rectangle of the photo as entries; what lies outside repeats the border.
void load_photo_tile(const Surfaces &surfaces, int y0, int x0, int rows, int cols, Tile &tile);
void load_level_tile(Level &level, int y0, int x0, int rows, int cols, Tile &tile);

// The level of half the size. `wanted` tells for each 32 x 32 block of the photo whether anything in
// it is drawn at this level or a coarser one; other blocks stay empty.
Level halve_photo(const Surfaces &surfaces, const std::vector<uint8_t> &wanted, int threads);
Level halve_level(Level &fine, int threads);

} // namespace d2f

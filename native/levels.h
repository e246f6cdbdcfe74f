#pragma once

#include "layers_in_use.h"

namespace d2f {

constexpr int LEVEL_TILE = 64; // cells of the level

struct LevelTiles {
    int rows = 0, cols = 0;
    std::vector<uint8_t> near, far; // whether a tile of the level shows anything
};

// Pictures at 1 / 2^level for all levels that the plan has; [0] stays empty.
struct Levels {
    std::vector<Level> pictures;
    std::vector<LevelTiles> tiles;
};

Levels build_levels(const Surfaces &surfaces, const Plan &plan, const Masks &masks);

} // namespace d2f

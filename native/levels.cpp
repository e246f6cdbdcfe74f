// Wide blurs at 1/2, 1/4 ... size: each level's layers, composited among themselves.
//
// Twin: none of its own; d2f/renderer/layered.py draws the same layers at full size. A level keeps
// one picture of its layers nearer than the plane of focus and one of those beyond.

#include "levels.h"

#include <cstring>

#include "entries.h"
#include "tile_layers.h"

namespace d2f {

namespace {

void keep(Gathered &g, Buffer<float> &to, const Level &l, int y0, int x0) {
    for (int c = 0; c < 4; ++c)
        for (int y = 0; y < g.rows; ++y)
            std::memcpy(to.data() + (size_t(c) * l.rows + y0 + y) * l.cols + x0, g.row(c, y),
                        sizeof(float) * size_t(g.cols));
}

uint64_t any_of(const std::vector<uint64_t> &masks) {
    uint64_t any = 0;
    for (uint64_t m : masks) any |= m;
    return any;
}

struct TileJob {
    int y0, x0, rows, cols;
    uint64_t near, far; // layers of this level within reach
};

void draw_tile(Scratch &s, Level &l, int level, const Plan &plan, const Photo &photo, const TileJob &t) {
    const int apron = std::max(reach_of(plan.near, t.near), reach_of(plan.far, t.far));
    load_level_tile(l, t.y0 - apron, t.x0 - apron, t.rows + 2 * apron, t.cols + 2 * apron, s.tile);
    begin_tile(s, t.rows, t.cols);
    const TileFrame frame{plan.opening, t.y0, t.x0, 1 << level, photo.rows, photo.cols};
    s.layer_blur.begin(s.tile, apron, frame);
    if (t.near) {
        for (int k = int(plan.near.layers.size()) - 1; k >= 0 && !s.gathered.is_full(); --k)
            if (t.near >> k & 1) add_layer(s, plan.near.layers[k]);
            else end_surface(s.gathered);
        keep(s.gathered, l.near, l, t.y0, t.x0);
        s.gathered.reset(t.rows, t.cols);
    }
    if (t.far) {
        for (size_t k = 0; k < plan.far.layers.size() && !s.gathered.is_full(); ++k)
            if (t.far >> k & 1) add_layer(s, plan.far.layers[k]);
            else end_surface(s.gathered);
        keep(s.gathered, l.far, l, t.y0, t.x0);
    }
}

TileJob job_of(const LevelTiles &tiles, int t, const Level &l, int level, const Plan &plan,
               const Masks &masks) {
    TileJob job{t / tiles.cols * LEVEL_TILE, t % tiles.cols * LEVEL_TILE, 0, 0, 0, 0};
    job.rows = std::min(LEVEL_TILE, l.rows - job.y0), job.cols = std::min(LEVEL_TILE, l.cols - job.x0);
    const uint64_t near = bits_of_level(plan.near, level), far = bits_of_level(plan.far, level);
    const int most = std::max(reach_of(plan.near, near), reach_of(plan.far, far)), scale = 1 << level;
    auto within = [&](const std::vector<uint64_t> &bits) {
        return mask_of(bits, masks, (job.y0 - most) * scale, (job.y0 + job.rows + most) * scale,
                       (job.x0 - most) * scale, (job.x0 + job.cols + most) * scale);
    };
    job.near = within(masks.near) & near, job.far = within(masks.far) & far;
    return job;
}

LevelTiles draw_level(Level &l, int level, const Plan &plan, const Photo &photo, const Masks &masks) {
    LevelTiles tiles;
    tiles.rows = blocks(l.rows, LEVEL_TILE), tiles.cols = blocks(l.cols, LEVEL_TILE);
    tiles.near.assign(size_t(tiles.rows) * tiles.cols, 0), tiles.far = tiles.near;
    if (bits_of_level(plan.near, level)) l.near.resize(size_t(l.rows) * l.cols * 4);
    if (bits_of_level(plan.far, level)) l.far.resize(size_t(l.rows) * l.cols * 4);
#pragma omp parallel num_threads(plan.threads)
    {
        Scratch s;
#pragma omp for schedule(dynamic)
        for (int t = 0; t < tiles.rows * tiles.cols; ++t) {
            const TileJob job = job_of(tiles, t, l, level, plan, masks);
            if (!job.near && !job.far) continue;
            draw_tile(s, l, level, plan, photo, job);
            tiles.near[t] = job.near != 0, tiles.far[t] = job.far != 0;
        }
    }
    return tiles;
}

} // namespace

Levels build_levels(const Surfaces &surfaces, const Plan &plan, const Masks &masks) {
    int last = 0;
    for (const Side *side : {&plan.near, &plan.far})
        for (const Layer &l : side->layers) last = std::max(last, l.level);
    Levels all;
    all.pictures.resize(size_t(last) + 1), all.tiles.resize(size_t(last) + 1);
    if (!last) return all;
    const uint64_t near_used = any_of(masks.near), far_used = any_of(masks.far);
    std::vector<bool> kept(size_t(last) + 1);
    for (int l = 1; l <= last; ++l)
        kept[l] = (bits_of_level(plan.near, l) & near_used) || (bits_of_level(plan.far, l) & far_used);
    const uint64_t near_full = bits_of_level(plan.near, 0), far_full = bits_of_level(plan.far, 0);
    std::vector<uint8_t> wanted(masks.near.size(), 0);
    for (size_t i = 0; i < wanted.size(); ++i)
        wanted[i] = (masks.near[i] & ~near_full) || (masks.far[i] & ~far_full);
    all.pictures = reduced_photos(surfaces, wanted, kept, plan.threads);
    for (int l = 1; l <= last; ++l) {
        Level &picture = all.pictures[l];
        all.tiles[l] = draw_level(picture, l, plan, surfaces.photo, masks);
        picture.store.resize(0), picture.back.resize(0); // its layers are drawn
    }
    return all;
}

} // namespace d2f

// The picture at full size, tile by tile: levels, layers, lights and focus, front to back.
//
// Twin: `_composite` and `_draw_lights` of d2f/renderer/layered.py.

#include "picture.h"

#include <cstring>

#include "entries.h"
#include "tile_layers.h"

namespace d2f {

namespace {

constexpr int TILE_ROWS = 64, TILE_COLS = 128;

// Front to back, what a full-size tile is made of.
struct Step {
    enum Kind { LEVEL, LAYER, FOCUS } kind;
    bool is_near;
    int index; // of the level or of the layer
};

struct Picture {
    const Surfaces &surfaces;
    const Plan &plan;
    const Masks &masks;
    const Levels &levels;
    Layer focus;
    uint64_t near_full, far_full; // layers drawn at full size
    int most_reach;
    std::vector<Step> steps;
    std::vector<std::vector<int>> lights; // per tile, front to back
    std::vector<int> light_step;
};

std::vector<Step> steps_of(const Plan &plan, int levels) {
    std::vector<Step> steps;
    for (int l = levels; l >= 1; --l) steps.push_back({Step::LEVEL, true, l});
    for (int k = int(plan.near.layers.size()) - 1; k >= 0; --k)
        if (plan.near.layers[k].level == 0) steps.push_back({Step::LAYER, true, k});
    steps.push_back({Step::FOCUS, false, 0});
    for (int k = 0; k < int(plan.far.layers.size()); ++k)
        if (plan.far.layers[k].level == 0) steps.push_back({Step::LAYER, false, k});
    for (int l = 1; l <= levels; ++l) steps.push_back({Step::LEVEL, false, l});
    return steps;
}

// The layer whose depth is closest; 0 of a side without any.
int layer_of_light(const Light &light, const Side &side) {
    const float square = light.radius * light.radius;
    auto away = [&](size_t k) { return std::fabs(std::fabs(side.layers[k].square) - square); };
    size_t best = 0;
    for (size_t k = 1; k < side.layers.size(); ++k)
        if (away(k) < away(best)) best = k;
    return int(best);
}

int step_of_light(const Light &light, const Picture &p) {
    const bool near = light.radius > 0;
    const Side &side = near ? p.plan.near : p.plan.far;
    const int layer = layer_of_light(light, side);
    const int level = side.layers.empty() ? 0 : side.layers[layer].level;
    for (size_t i = 0; i < p.steps.size(); ++i) {
        const Step &s = p.steps[i];
        if (s.kind == Step::FOCUS || s.is_near != near) continue;
        if (level ? s.kind == Step::LEVEL && s.index == level
                  : s.kind == Step::LAYER && s.index == layer)
            return int(i);
    }
    return 0;
}

void sort_lights(Picture &p, int tile_rows, int tile_cols) {
    p.lights.resize(size_t(tile_rows) * tile_cols);
    const auto &lights = p.surfaces.lights;
    p.light_step.resize(lights.size());
    const float widest = p.plan.opening.reach();
    for (size_t i = 0; i < lights.size(); ++i) {
        const Light &l = lights[i];
        p.light_step[i] = step_of_light(l, p);
        const float reach = widest * std::fabs(l.radius) * p.plan.stretch[l.radius > 0] + 2;
        const int b0 = std::max(0, int((l.y - reach) / TILE_ROWS)), k0 = std::max(0, int((l.x - reach) / TILE_COLS));
        const int b1 = std::min(tile_rows - 1, int((l.y + reach) / TILE_ROWS));
        const int k1 = std::min(tile_cols - 1, int((l.x + reach) / TILE_COLS));
        for (int b = b0; b <= b1; ++b)
            for (int k = k0; k <= k1; ++k) p.lights[size_t(b) * tile_cols + k].push_back(int(i));
    }
}

struct TileAt {
    int index, y0, x0, rows, cols;
};

bool level_shows(const Picture &p, int level, bool near, const TileAt &t) {
    const LevelTiles &tiles = p.levels.tiles[level];
    const auto &used = near ? tiles.near : tiles.far;
    const int size = LEVEL_TILE << level, half = 1 << level; // enlarging reads one cell beyond
    for (int b = std::max(0, t.y0 - half) / size; b <= std::min(tiles.rows - 1, (t.y0 + t.rows + half) / size); ++b)
        for (int k = std::max(0, t.x0 - half) / size; k <= std::min(tiles.cols - 1, (t.x0 + t.cols + half) / size); ++k)
            if (used[size_t(b) * tiles.cols + k]) return true;
    return false;
}

void add_level(const Picture &p, Scratch &s, const Step &step, const TileAt &t) {
    const Level &l = p.levels.pictures[size_t(step.index)];
    const int scale = 1 << step.index;
    const Buffer<float> &planes = step.is_near ? l.near : l.far;
    const size_t room = size_t(t.cols) + 4 * scale + 64;
    s.line.resize(room), s.wide.resize(4 * room);
    for (int y = 0; y < t.rows; ++y) {
        const float *rows[4];
        for (int c = 0; c < 4; ++c)
            rows[c] = enlarge_row(planes.data() + size_t(c) * l.rows * l.cols, l.rows, l.cols, scale,
                                  t.y0 + y, t.x0, t.cols, s.line.data(), s.wide.data() + c * room);
        composite_row(s.gathered, y, rows[0], rows[1], rows[2], rows[3]);
    }
}

// Lights of one step; they come before it, since they lie within its surfaces.
void add_lights(const Picture &p, Scratch &s, const TileAt &t, int step, size_t &next) {
    const auto &list = p.lights[t.index];
    if (next >= list.size() || p.light_step[list[next]] != step) return;
    s.steps.assign(size_t(t.rows) * (t.cols + 1) * 3, 0.0);
    LightCanvas canvas{t.y0, t.x0, t.rows, t.cols, s.steps.data()};
    for (; next < list.size() && p.light_step[list[next]] == step; ++next) {
        Light light = p.surfaces.lights[list[next]];
        light.radius *= p.plan.stretch[light.radius > 0];
        const Photo &photo = p.surfaces.photo;
        draw_light(light, p.plan.opening, place_of(light.y, light.x, photo.rows, photo.cols), canvas);
    }
    for (int y = 0; y < t.rows; ++y) add_light_row(s.gathered, y, canvas.row(y));
}

// What of the picture's steps a tile shows.
struct InTile {
    uint64_t near, far;          // layers at full size within reach
    bool focus, any;
    std::vector<uint8_t> levels; // per step: whether that level shows here
    bool needs_pixels() const { return focus || near || far; }
};

InTile what_shows(const Picture &p, const TileAt &t) {
    auto mask = [&](const std::vector<uint64_t> &bits, int margin) {
        return mask_of(bits, p.masks, t.y0 - margin, t.y0 + t.rows + margin, t.x0 - margin,
                       t.x0 + t.cols + margin);
    };
    InTile in{mask(p.masks.near, p.most_reach) & p.near_full,
              mask(p.masks.far, p.most_reach) & p.far_full, mask(p.masks.focus, 0) != 0, false,
              std::vector<uint8_t>(p.steps.size(), 0)};
    in.any = in.near || in.far || !p.lights[t.index].empty();
    for (size_t i = 0; i < p.steps.size(); ++i)
        if (p.steps[i].kind == Step::LEVEL && level_shows(p, p.steps[i].index, p.steps[i].is_near, t))
            in.levels[i] = 1, in.any = true;
    return in;
}

void gather(const Picture &p, Scratch &s, const TileAt &t, const InTile &in) {
    size_t next_light = 0;
    for (size_t i = 0; i < p.steps.size() && !s.gathered.is_full(); ++i) {
        const Step &step = p.steps[i];
        add_lights(p, s, t, int(i), next_light);
        if (step.kind == Step::FOCUS && in.focus) add_focus(s, p.focus);
        else if (step.kind == Step::LEVEL && in.levels[i]) add_level(p, s, step, t);
        else if (step.kind == Step::LAYER && ((step.is_near ? in.near : in.far) >> step.index & 1))
            add_layer(s, (step.is_near ? p.plan.near : p.plan.far).layers[step.index]);
        else end_surface(s.gathered);
    }
}

void draw_tile(const Picture &p, Scratch &s, const TileAt &t, float *out) {
    const Photo &photo = p.surfaces.photo;
    const InTile in = what_shows(p, t);
    if (!in.any) {
        for (int y = t.y0; y < t.y0 + t.rows; ++y)
            std::memcpy(out + 3 * (size_t(y) * photo.cols + t.x0), photo.colour(y, t.x0),
                        sizeof(float) * 3 * size_t(t.cols));
        return;
    }
    begin_tile(s, t.rows, t.cols);
    const TileFrame frame{p.plan.opening, t.y0, t.x0, 1, photo.rows, photo.cols};
    if (in.needs_pixels()) {
        const int apron = std::max(reach_of(p.plan.near, in.near), reach_of(p.plan.far, in.far));
        load_photo_tile(p.surfaces, t.y0 - apron, t.x0 - apron, t.rows + 2 * apron,
                        t.cols + 2 * apron, s.tile);
        s.layer_blur.begin(s.tile, apron, frame);
    }
    gather(p, s, t, in);
    for (int y = 0; y < t.rows; ++y)
        write_row(s.gathered, y, photo.colour(t.y0 + y, t.x0), p.plan.channels,
                  out + 3 * (size_t(t.y0 + y) * photo.cols + t.x0));
}

Layer focus_layer(const Plan &plan) {
    Layer f{};
    f.nearer = plan.near.layers.empty() ? 1.f : plan.near.layers[0].square;
    f.farther = plan.far.layers.empty() ? -1.f : plan.far.layers[0].square;
    return f;
}

} // namespace

void draw_picture(const Surfaces &surfaces, const Plan &plan, const Masks &masks,
                  const Levels &levels, float *out) {
    const uint64_t near_full = bits_of_level(plan.near, 0), far_full = bits_of_level(plan.far, 0);
    const int reach = std::max(reach_of(plan.near, near_full), reach_of(plan.far, far_full));
    Picture p{surfaces, plan, masks, levels, focus_layer(plan), near_full, far_full, reach, {}, {}, {}};
    p.steps = steps_of(plan, int(levels.pictures.size()) - 1);
    const Photo &photo = surfaces.photo;
    const int tile_rows = blocks(photo.rows, TILE_ROWS), tile_cols = blocks(photo.cols, TILE_COLS);
    sort_lights(p, tile_rows, tile_cols);
#pragma omp parallel num_threads(plan.threads)
    {
        Scratch s;
#pragma omp for schedule(dynamic)
        for (int t = 0; t < tile_rows * tile_cols; ++t) {
            const int y0 = t / tile_cols * TILE_ROWS, x0 = t % tile_cols * TILE_COLS;
            const TileAt at{t, y0, x0, std::min(TILE_ROWS, photo.rows - y0),
                            std::min(TILE_COLS, photo.cols - x0)};
            draw_tile(p, s, at, out);
        }
    }
}

} // namespace d2f

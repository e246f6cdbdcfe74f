// The whole renderer: what is found in the photo, layers at their own resolutions, then the picture.
//
// Twin: d2f/renderer/layered.py (the picture) with d2f/renderer/surfaces.py (what is found). Wide
// blurs are drawn at 1/2, 1/4 ... size, where their kernels keep at least 8 px, so that time does
// not grow with the radius. Every tile is computed whole by one thread from the same inputs:
// results do not depend on the number of threads.

#include "blur.h"

#include <cstring>

#include "composite.h"
#include "entries.h"
#include "find_edges.h"
#include "hidden.h"
#include "layer_blur.h"
#include "lights.h"

namespace d2f {

namespace {

constexpr int TILE_ROWS = 64, TILE_COLS = 128, LEVEL_TILE = 64;
constexpr float LOOKUP_STEP = 0.25f; // px; layers in use are looked up by the radius
constexpr size_t MAX_LIGHT_VISITS = 20000000;

// ---------------------------------------------------------------- layers in use

struct Masks {
    int rows = 0, cols = 0;
    std::vector<uint64_t> near, far; // per block of the photo; bit k: layer k of that side
    std::vector<uint64_t> focus;     // per block: 1 where anything is partly in the focus layer
};

std::vector<uint64_t> layers_by_radius(const Side &side) {
    const float last = side.layers.empty() ? 0.f : side.layers.back().radius;
    std::vector<uint64_t> bits(size_t(last / LOOKUP_STEP) + 2, 0);
    for (size_t i = 0; i < bits.size(); ++i) {
        const float low = float(i) * LOOKUP_STEP, high = low + LOOKUP_STEP;
        for (size_t k = 0; k < side.layers.size(); ++k) {
            const float below = k ? side.layers[k - 1].radius : 0.f;
            const bool open = k + 1 == side.layers.size();
            if (high > below && (open || low < side.layers[k + 1].radius))
                bits[i] |= uint64_t(1) << k;
        }
    }
    return bits;
}

// Depths averaged later can fall on a layer between two in use.
uint64_t without_gaps(uint64_t m) {
    return m | ((m << 1) & (m >> 1)) | ((m << 2) & (m >> 1)) | ((m << 1) & (m >> 2));
}

Masks find_masks(const Surfaces &s, const Plan &plan) {
    const Photo &p = s.photo;
    Masks m;
    m.rows = blocks(p.rows, MASK_BLOCK), m.cols = blocks(p.cols, MASK_BLOCK);
    m.near.assign(size_t(m.rows) * m.cols, 0), m.far = m.focus = m.near;
    const std::vector<uint64_t> near = layers_by_radius(plan.near), far = layers_by_radius(plan.far);
    const Side &any_side = plan.near.layers.empty() ? plan.far : plan.near;
    const float first = any_side.layers[0].radius;
    auto note = [&](size_t block, float radius) {
        const auto &bits = radius > 0 ? near : far;
        const float a = std::fabs(radius);
        if (a < first) m.focus[block] = 1;
        if (a < IN_FOCUS_PX) return;
        const size_t i = size_t(std::min(a, MAX_RADIUS_PX) / LOOKUP_STEP);
        (radius > 0 ? m.near : m.far)[block] |= bits[std::min(i, bits.size() - 1)];
    };
#pragma omp parallel for schedule(dynamic) num_threads(plan.threads)
    for (int b = 0; b < m.rows; ++b)
        for (int k = 0; k < m.cols; ++k) {
            const size_t block = size_t(b) * m.cols + k;
            const int y0 = b * MASK_BLOCK, y1 = std::min(p.rows, y0 + MASK_BLOCK);
            const int x0 = k * MASK_BLOCK, x1 = std::min(p.cols, x0 + MASK_BLOCK);
            float last = NOWHERE;
            for (int y = y0; y < y1; ++y)
                for (int x = x0; x < x1; ++x) {
                    const float r = p.radius(y, x);
                    if (r != last) note(block, last = r);
                }
            const size_t found = s.block_of(y0, x0);
            if (!s.hidden.empty() && s.is_active[found])
                for (int y = std::max(0, y0 / QUARTER - 1); y < std::min(s.cell_rows, y1 / QUARTER + 2); ++y)
                    for (int x = std::max(0, x0 / QUARTER - 1); x < std::min(s.cell_cols, x1 / QUARTER + 2); ++x)
                        if (const float r = s.hidden[size_t(y) * s.cell_cols + x].radius; r != NOWHERE)
                            note(block, r);
            if (!s.split.empty())
                for (const SplitPixel &q : s.split[found])
                    if (q.y >= y0 && q.y < y1 && q.x >= x0 && q.x < x1)
                        note(block, q.front_radius), note(block, q.back_radius);
            m.near[block] = without_gaps(m.near[block]), m.far[block] = without_gaps(m.far[block]);
        }
    return m;
}

uint64_t mask_of(const std::vector<uint64_t> &bits, const Masks &m, int y0, int y1, int x0, int x1) {
    uint64_t all = 0;
    const int b1 = std::min(m.rows - 1, std::max(0, y1 - 1) / MASK_BLOCK);
    const int k1 = std::min(m.cols - 1, std::max(0, x1 - 1) / MASK_BLOCK);
    for (int b = std::min(b1, std::max(0, y0) / MASK_BLOCK); b <= b1; ++b)
        for (int k = std::min(k1, std::max(0, x0) / MASK_BLOCK); k <= k1; ++k)
            all |= bits[size_t(b) * m.cols + k];
    return all;
}

uint64_t bits_of_level(const Side &side, int level) {
    uint64_t bits = 0;
    for (size_t k = 0; k < side.layers.size(); ++k)
        if (side.layers[k].level == level) bits |= uint64_t(1) << k;
    return bits;
}

int reach_of(const Side &side, uint64_t bits) {
    int reach = 0;
    for (size_t k = 0; k < side.layers.size(); ++k)
        if (bits >> k & 1)
            reach = std::max({reach, side.layers[k].kernel.reach_x, side.layers[k].kernel.reach_y});
    return reach;
}

// ---------------------------------------------------------------- one layer onto a tile

struct Scratch {
    Tile tile;
    LayerBlur layer_blur;
    Gathered gathered;
    BlurredRows rows;
    std::vector<float> line, wide;
    std::vector<double> steps;
};

void add_layer(Scratch &s, const Layer &layer) {
    if (!s.layer_blur.prepare(layer)) {
        end_surface(s.gathered);
        return;
    }
    for (int y = 0; y < s.gathered.rows; ++y)
        if (s.layer_blur.row(layer, y, s.rows))
            composite_row(s.gathered, y, s.rows.plane(0), s.rows.plane(1), s.rows.plane(2),
                          s.rows.plane(3));
        else
            end_surface_row(s.gathered, y);
}

void begin_tile(Scratch &s, int rows, int cols) {
    s.gathered.reset(rows, cols);
    s.rows.stride = (cols + 47) / 16 * 16;
    s.rows.store.resize(size_t(4) * s.rows.stride + 16);
}

// ---------------------------------------------------------------- reduced levels

struct LevelTiles {
    int rows = 0, cols = 0;
    std::vector<uint8_t> near, far; // whether a tile of the level shows anything
};

void keep(Gathered &g, Buffer<float> &to, const Level &l, int y0, int x0) {
    for (int c = 0; c < 4; ++c)
        for (int y = 0; y < g.rows; ++y)
            std::memcpy(to.data() + (size_t(c) * l.rows + y0 + y) * l.cols + x0, g.row(c, y),
                        sizeof(float) * size_t(g.cols));
}

LevelTiles draw_level(Level &l, int level, const Plan &plan, const Masks &masks) {
    LevelTiles tiles;
    tiles.rows = blocks(l.rows, LEVEL_TILE), tiles.cols = blocks(l.cols, LEVEL_TILE);
    tiles.near.assign(size_t(tiles.rows) * tiles.cols, 0), tiles.far = tiles.near;
    const uint64_t near_all = bits_of_level(plan.near, level), far_all = bits_of_level(plan.far, level);
    if (near_all) l.near.resize(size_t(l.rows) * l.cols * 4);
    if (far_all) l.far.resize(size_t(l.rows) * l.cols * 4);
    const int most = std::max(reach_of(plan.near, near_all), reach_of(plan.far, far_all));
#pragma omp parallel num_threads(plan.threads)
    {
        Scratch s;
#pragma omp for schedule(dynamic)
        for (int t = 0; t < tiles.rows * tiles.cols; ++t) {
            const int y0 = t / tiles.cols * LEVEL_TILE, x0 = t % tiles.cols * LEVEL_TILE;
            const int rows = std::min(LEVEL_TILE, l.rows - y0), cols = std::min(LEVEL_TILE, l.cols - x0);
            auto mask = [&](const std::vector<uint64_t> &bits, int margin) {
                return mask_of(bits, masks, (y0 - margin) * (1 << level), (y0 + rows + margin) * (1 << level),
                               (x0 - margin) * (1 << level), (x0 + cols + margin) * (1 << level));
            };
            const uint64_t near = mask(masks.near, most) & near_all, far = mask(masks.far, most) & far_all;
            if (!near && !far) continue;
            const int apron = std::max(reach_of(plan.near, near), reach_of(plan.far, far));
            load_level_tile(l, y0 - apron, x0 - apron, rows + 2 * apron, cols + 2 * apron, s.tile);
            begin_tile(s, rows, cols);
            s.layer_blur.begin(s.tile, apron);
            if (near) {
                for (int k = int(plan.near.layers.size()) - 1; k >= 0 && !s.gathered.is_full(); --k)
                    if (near >> k & 1) add_layer(s, plan.near.layers[k]);
                    else end_surface(s.gathered);
                keep(s.gathered, l.near, l, y0, x0), tiles.near[t] = 1;
                s.gathered.reset(rows, cols);
            }
            if (far) {
                for (size_t k = 0; k < plan.far.layers.size() && !s.gathered.is_full(); ++k)
                    if (far >> k & 1) add_layer(s, plan.far.layers[k]);
                    else end_surface(s.gathered);
                keep(s.gathered, l.far, l, y0, x0), tiles.far[t] = 1;
            }
        }
    }
    return tiles;
}

// ---------------------------------------------------------------- the picture

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
    std::vector<Level> levels;      // [0] unused
    std::vector<LevelTiles> tiles;
    std::vector<Step> steps;
    std::vector<std::vector<int>> lights; // per tile, front to back
    std::vector<int> light_step;
    Layer focus;
    uint64_t near_full, far_full;   // layers drawn at full size
    int most_reach;
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

int step_of_light(const Light &light, const Picture &p) {
    const bool near = light.radius > 0;
    const auto &layers = (near ? p.plan.near : p.plan.far).layers;
    const float square = light.radius * light.radius;
    size_t best = 0;
    for (size_t k = 1; k < layers.size(); ++k)
        if (std::fabs(std::fabs(layers[k].square) - square) < std::fabs(std::fabs(layers[best].square) - square))
            best = k;
    const bool at_level = !layers.empty() && layers[best].level > 0;
    for (size_t i = 0; i < p.steps.size(); ++i) {
        const Step &s = p.steps[i];
        if (s.kind == Step::FOCUS || s.is_near != near) continue;
        if (at_level ? s.kind == Step::LEVEL && s.index == layers[best].level
                     : s.kind == Step::LAYER && s.index == int(best))
            return int(i);
    }
    return 0;
}

void sort_lights(Picture &p, int tile_rows, int tile_cols) {
    p.lights.resize(size_t(tile_rows) * tile_cols);
    const auto &lights = p.surfaces.lights;
    p.light_step.resize(lights.size());
    for (size_t i = 0; i < lights.size(); ++i) {
        const Light &l = lights[i];
        p.light_step[i] = step_of_light(l, p);
        const float reach = 2 * std::fabs(l.radius) + 2; // corners of a triangle lie 1.6 radii out
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
    const LevelTiles &tiles = p.tiles[level];
    const auto &used = near ? tiles.near : tiles.far;
    const int size = LEVEL_TILE << level, half = 1 << level; // enlarging reads one cell beyond
    for (int b = std::max(0, t.y0 - half) / size; b <= std::min(tiles.rows - 1, (t.y0 + t.rows + half) / size); ++b)
        for (int k = std::max(0, t.x0 - half) / size; k <= std::min(tiles.cols - 1, (t.x0 + t.cols + half) / size); ++k)
            if (used[size_t(b) * tiles.cols + k]) return true;
    return false;
}

void add_level(const Picture &p, Scratch &s, const Step &step, const TileAt &t) {
    const Level &l = p.levels[step.index];
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

void add_focus(const Picture &p, Scratch &s) {
    bool any = false;
    for (int y = 0; y < s.gathered.rows; ++y)
        if (s.layer_blur.unblurred_row(p.focus, y, s.rows)) {
            any = true;
            composite_row(s.gathered, y, s.rows.plane(0), s.rows.plane(1), s.rows.plane(2),
                          s.rows.plane(3));
        } else
            end_surface_row(s.gathered, y);
    if (!any) end_surface(s.gathered);
}

// Lights of one step; they come before it, since they lie within its surfaces.
void add_lights(const Picture &p, Scratch &s, const TileAt &t, int step, size_t &next) {
    const auto &list = p.lights[t.index];
    if (next >= list.size() || p.light_step[list[next]] != step) return;
    s.steps.assign(size_t(t.rows) * (t.cols + 1) * 3, 0.0);
    LightCanvas canvas{t.y0, t.x0, t.rows, t.cols, s.steps.data()};
    for (; next < list.size() && p.light_step[list[next]] == step; ++next)
        draw_light(p.surfaces.lights[list[next]], p.plan.outline, canvas);
    for (int y = 0; y < t.rows; ++y) add_light_row(s.gathered, y, canvas.row(y));
}

void draw_tile(const Picture &p, Scratch &s, const TileAt &t, float *out) {
    const Photo &photo = p.surfaces.photo;
    auto mask = [&](const std::vector<uint64_t> &bits) {
        return mask_of(bits, p.masks, t.y0 - p.most_reach, t.y0 + t.rows + p.most_reach,
                       t.x0 - p.most_reach, t.x0 + t.cols + p.most_reach);
    };
    const uint64_t near = mask(p.masks.near) & p.near_full, far = mask(p.masks.far) & p.far_full;
    bool any_level = false;
    std::vector<uint8_t> shows(p.steps.size(), 0);
    for (size_t i = 0; i < p.steps.size(); ++i)
        if (p.steps[i].kind == Step::LEVEL)
            any_level |= (shows[i] = level_shows(p, p.steps[i].index, p.steps[i].is_near, t)) != 0;
    if (!near && !far && !any_level && p.lights[t.index].empty()) {
        for (int y = 0; y < t.rows; ++y) {
            const size_t at = 3 * (size_t(t.y0 + y) * photo.cols + t.x0);
            std::memcpy(out + at, photo.radiance + at, sizeof(float) * 3 * size_t(t.cols));
        }
        return;
    }
    const bool focus = mask_of(p.masks.focus, p.masks, t.y0, t.y0 + t.rows, t.x0, t.x0 + t.cols) != 0;
    const int apron = std::max(reach_of(p.plan.near, near), reach_of(p.plan.far, far));
    if (focus || near || far)
        load_photo_tile(p.surfaces, t.y0 - apron, t.x0 - apron, t.rows + 2 * apron, t.cols + 2 * apron, s.tile);
    begin_tile(s, t.rows, t.cols);
    if (focus || near || far) s.layer_blur.begin(s.tile, apron);
    size_t next_light = 0;
    for (size_t i = 0; i < p.steps.size() && !s.gathered.is_full(); ++i) {
        const Step &step = p.steps[i];
        add_lights(p, s, t, int(i), next_light);
        if (step.kind == Step::FOCUS && focus) add_focus(p, s);
        else if (step.kind == Step::LEVEL && shows[i]) add_level(p, s, step, t);
        else if (step.kind == Step::LAYER && ((step.is_near ? near : far) >> step.index & 1))
            add_layer(s, (step.is_near ? p.plan.near : p.plan.far).layers[step.index]);
        else end_surface(s.gathered);
    }
    for (int y = 0; y < t.rows; ++y) {
        const size_t at = 3 * (size_t(t.y0 + y) * photo.cols + t.x0);
        write_row(s.gathered, y, photo.radiance + at, out + at);
    }
}

Layer focus_layer(const Plan &plan) {
    Layer f{};
    f.nearer = plan.near.layers.empty() ? 1.f : plan.near.layers[0].square;
    f.farther = plan.far.layers.empty() ? -1.f : plan.far.layers[0].square;
    return f;
}

void build_levels(Picture &p) {
    int levels = 0;
    for (const Side *side : {&p.plan.near, &p.plan.far})
        for (const Layer &l : side->layers) levels = std::max(levels, l.level);
    p.levels.resize(size_t(levels) + 1), p.tiles.resize(size_t(levels) + 1);
    if (!levels) return;
    std::vector<uint8_t> wanted(p.masks.near.size(), 0);
    for (size_t i = 0; i < wanted.size(); ++i)
        wanted[i] = (p.masks.near[i] & ~p.near_full) || (p.masks.far[i] & ~p.far_full);
    p.levels[1] = halve_photo(p.surfaces, wanted, p.plan.threads);
    for (int l = 1; l <= levels; ++l) {
        if (l < levels) p.levels[l + 1] = halve_level(p.levels[l], p.plan.threads);
        p.tiles[l] = draw_level(p.levels[l], l, p.plan, p.masks);
        p.levels[l].store.resize(0), p.levels[l].back.resize(0);
    }
}

float largest_radius(const Plan &plan) {
    float r = 0;
    for (const Side *side : {&plan.near, &plan.far})
        if (!side->layers.empty()) r = std::max(r, side->layers.back().radius);
    return r;
}

} // namespace

Surfaces find_surfaces(const Photo &photo, const Plan &plan) {
    Surfaces s;
    s.photo = photo;
    find_edges(s, plan.threads);
    find_lights(s, plan.light_floor, plan.threads);
    split_edge_pixels(s, plan.threads);
    find_hidden(s, largest_radius(plan), plan.threads);
    return s;
}

void blur(const Photo &photo, const Plan &plan, float *out) {
    if (plan.near.layers.empty() && plan.far.layers.empty()) {
        std::memcpy(out, photo.radiance, sizeof(float) * 3 * size_t(photo.rows) * photo.cols);
        return;
    }
    const Surfaces surfaces = find_surfaces(photo, plan);
    const Masks masks = find_masks(surfaces, plan);
    const uint64_t near_full = bits_of_level(plan.near, 0), far_full = bits_of_level(plan.far, 0);
    Picture p{surfaces, plan, masks, {}, {}, {}, {}, {}, focus_layer(plan), near_full, far_full,
              std::max(reach_of(plan.near, near_full), reach_of(plan.far, far_full))};
    build_levels(p);
    p.steps = steps_of(plan, int(p.levels.size()) - 1);
    const int tile_rows = blocks(photo.rows, TILE_ROWS), tile_cols = blocks(photo.cols, TILE_COLS);
    sort_lights(p, tile_rows, tile_cols);
#pragma omp parallel num_threads(plan.threads)
    {
        Scratch s;
#pragma omp for schedule(dynamic)
        for (int t = 0; t < tile_rows * tile_cols; ++t) {
            const int y0 = t / tile_cols * TILE_ROWS, x0 = t % tile_cols * TILE_COLS;
            draw_tile(p, s, {t, y0, x0, std::min(TILE_ROWS, photo.rows - y0), std::min(TILE_COLS, photo.cols - x0)}, out);
        }
    }
}

} // namespace d2f

// What lies behind a near surface close to its edge: one guess per cell of 4 x 4 pixels.
//
// Twin: `guess_hidden` of d2f/renderer/hidden.py. A blurred near rim is half transparent on both sides of its
// outline, and the farther surface goes on behind it: without a guess the blur of what is behind
// would end at the outline. Guessed smoothly from the farthest parts around, in a pyramid; texture
// is not invented, since a smooth guess is the better one under blur.

#include "hidden.h"

namespace d2f {

namespace {

constexpr int LEVELS = 6;               // cells of 4 ... 128 px
constexpr float ENOUGH = 0.98f;         // of a guess's weight; coarser cells are not asked
constexpr float BESIDE = 1.f, DIAGONAL = 0.25f, BESIDE_MOST = 0.8f;
constexpr float STEP_PER_CELL = 0.1f;   // a coarser cell must differ more to count as another surface
constexpr float PART_PER_CELL = 0.05f;
constexpr float CELL_REACH = 1.5f, CELL_MARGIN = 8.f;
constexpr float ACTIVE_MOST_PX = 160.f; // an edge farther away does not matter

constexpr uint8_t MIXED = AT_EDGE | IS_LIGHT | IS_SOFT; // such pixels do not lend their colour

// The farthest surface in a cell.
using FarPart = HiddenCell;

struct Grid {
    int rows = 0, cols = 0, cell = 0;
    Buffer<FarPart> parts;
    const FarPart &at(int y, int x) const { return parts[size_t(y) * cols + x]; }
};

void mark_active(Surfaces &s, float largest_radius) {
    const float reach = std::min(2 * largest_radius + 8, ACTIVE_MOST_PX);
    const int n = int(std::ceil(reach / BLOCK));
    s.is_active.assign(s.has_edge.size(), 0);
    for (int b = 0; b < s.block_rows; ++b)
        for (int k = 0; k < s.block_cols; ++k)
            if (s.has_edge[size_t(b) * s.block_cols + k])
                for (int j = std::max(0, b - n); j <= std::min(s.block_rows - 1, b + n); ++j)
                    for (int i = std::max(0, k - n); i <= std::min(s.block_cols - 1, k + n); ++i)
                        s.is_active[size_t(j) * s.block_cols + i] = 1;
}

bool mean_of(const Surfaces &s, int y0, int y1, int x0, int x1, float below, uint8_t leave_out,
             FarPart &out) {
    float sum[4] = {0, 0, 0, 0};
    int count = 0;
    for (int y = y0; y < y1; ++y)
        for (int x = x0; x < x1; ++x) {
            const float r = s.photo.radius(y, x);
            if (r > below || (s.flags[size_t(y) * s.photo.cols + x] & leave_out)) continue;
            const float *c = s.photo.colour(y, x);
            for (int k = 0; k < 3; ++k) sum[k] += c[k];
            sum[3] += r, ++count;
        }
    if (!count) return false;
    for (int k = 0; k < 3; ++k) out.colour[k] = sum[k] / float(count);
    out.radius = sum[3] / float(count);
    return true;
}

// The mean of a whole cell that lies within the photo.
FarPart mean_of_whole(const Photo &p, int y0, int x0) {
    float sums[3 * CELL] = {}, radii[CELL] = {}; // per column: these loops vectorise
    for (int y = y0; y < y0 + CELL; ++y) {
        const float *c = p.colour(y, x0), *r = p.defocus + size_t(y) * p.cols + x0;
        for (int i = 0; i < 3 * CELL; ++i) sums[i] += c[i];
        for (int i = 0; i < CELL; ++i) radii[i] += r[i];
    }
    FarPart mean{{0, 0, 0}, 0};
    for (int i = 0; i < CELL; ++i) {
        for (int k = 0; k < 3; ++k) mean.colour[k] += sums[3 * i + k] / (CELL * CELL);
        mean.radius += radii[i] / (CELL * CELL);
    }
    return mean;
}

bool any_flag(const Surfaces &s, int y0, int y1, int x0, int x1) {
    uint8_t any = 0;
    for (int y = y0; y < y1; ++y)
        for (int x = x0; x < x1; ++x) any |= s.flags[size_t(y) * s.photo.cols + x];
    return any != 0;
}

// The farthest part of a cell, and the nearest radius in it.
FarPart measure_cell(const Surfaces &s, int cy, int cx, float &nearest) {
    const Photo &p = s.photo;
    const int y0 = cy * CELL, y1 = std::min(p.rows, y0 + CELL);
    const int x0 = cx * CELL, x1 = std::min(p.cols, x0 + CELL);
    float farthest = NOWHERE;
    nearest = -NOWHERE;
    for (int y = y0; y < y1; ++y)
        for (int x = x0; x < x1; ++x) {
            nearest = std::max(nearest, p.radius(y, x));
            farthest = std::min(farthest, p.radius(y, x));
        }
    const float below = farthest + depth_step(farthest, farthest) / 2;
    const bool is_whole = y1 - y0 == CELL && x1 - x0 == CELL;
    if (is_whole && nearest <= below && !any_flag(s, y0, y1, x0, x1)) return mean_of_whole(p, y0, x0);
    FarPart part;
    if (mean_of(s, y0, y1, x0, x1, below, MIXED, part)) return part;
    const int a0 = std::max(0, y0 - 2), a1 = std::min(p.rows, y1 + 2);
    const int b0 = std::max(0, x0 - 2), b1 = std::min(p.cols, x1 + 2);
    FarPart around;
    if (mean_of(s, a0, a1, b0, b1, below, MIXED, around) &&
        std::fabs(around.radius - farthest) < depth_step(farthest, farthest))
        return around;
    mean_of(s, y0, y1, x0, x1, below, 0, part);
    return part;
}

void measure_cells(const Surfaces &s, Grid &grid, Buffer<float> &nearest, int threads) {
    const int per_block = BLOCK / CELL;
#pragma omp parallel for schedule(dynamic) num_threads(threads)
    for (int b = 0; b < s.block_rows; ++b)
        for (int cy = b * per_block; cy < std::min(grid.rows, (b + 1) * per_block); ++cy)
            for (int cx = 0; cx < grid.cols; ++cx) {
                const size_t i = size_t(cy) * grid.cols + cx;
                if (s.is_active[size_t(b) * s.block_cols + cx / per_block])
                    grid.parts[i] = measure_cell(s, cy, cx, nearest[i]);
                else
                    grid.parts[i] = {{0, 0, 0}, NOWHERE}, nearest[i] = -NOWHERE;
            }
}

Grid coarser(const Grid &fine, int threads) {
    Grid g;
    g.rows = (fine.rows + 1) / 2, g.cols = (fine.cols + 1) / 2, g.cell = fine.cell * 2;
    g.parts.resize(size_t(g.rows) * g.cols);
#pragma omp parallel for schedule(static) num_threads(threads)
    for (int y = 0; y < g.rows; ++y)
        for (int x = 0; x < g.cols; ++x) {
            const FarPart *child[4];
            int count = 0;
            float farthest = NOWHERE;
            for (int j = 2 * y; j < std::min(fine.rows, 2 * y + 2); ++j)
                for (int i = 2 * x; i < std::min(fine.cols, 2 * x + 2); ++i) {
                    child[count] = &fine.at(j, i);
                    farthest = std::min(farthest, child[count++]->radius);
                }
            FarPart &out = g.parts[size_t(y) * g.cols + x];
            out = {{0, 0, 0}, NOWHERE};
            if (farthest == NOWHERE) continue;
            const float limit =
                farthest + depth_step(farthest, farthest) / 2 + PART_PER_CELL * float(g.cell);
            float sum[4] = {0, 0, 0, 0}, n = 0;
            for (int k = 0; k < count; ++k) {
                if (child[k]->radius > limit) continue;
                for (int c = 0; c < 3; ++c) sum[c] += child[k]->colour[c];
                sum[3] += child[k]->radius, n += 1;
            }
            for (int c = 0; c < 3; ++c) out.colour[c] = sum[c] / n;
            out.radius = sum[3] / n;
        }
    return g;
}

// Lower bound of the radius of everything that a cell could ask: where the cell itself lies hardly
// nearer there is nothing to guess, which is most of a picture.
struct Bounds {
    int rows, cols;
    std::vector<float> least;

    explicit Bounds(const Grid &finest)
        : rows(blocks(finest.rows, SPAN)), cols(blocks(finest.cols, SPAN)),
          least(size_t(rows) * cols, NOWHERE) {
        std::vector<float> own(least.size(), NOWHERE);
        for (int y = 0; y < finest.rows; ++y)
            for (int x = 0; x < finest.cols; ++x) {
                float &o = own[size_t(y / SPAN) * cols + x / SPAN];
                o = std::min(o, finest.at(y, x).radius);
            }
        for (int y = 0; y < rows; ++y)
            for (int x = 0; x < cols; ++x)
                for (int j = std::max(0, y - 1); j <= std::min(rows - 1, y + 1); ++j)
                    for (int i = std::max(0, x - 1); i <= std::min(cols - 1, x + 1); ++i) {
                        float &l = least[size_t(y) * cols + x];
                        l = std::min(l, own[size_t(j) * cols + i]);
                    }
    }
    float at(int y, int x) const { return least[size_t(y / SPAN) * cols + x / SPAN]; }

    static constexpr int SPAN = 1 << (LEVELS - 1); // the coarsest cell, in finest ones
};

// Collects the guess for one cell from what lies around, finest first.
struct Guess {
    float own;                      // radius of the surface in front
    float chosen = NOWHERE;         // radius of the hidden surface, once one is chosen
    float weight = 0, sum[4] = {0, 0, 0, 0};

    bool is_behind(const FarPart &part, int cell) const {
        if (part.radius == NOWHERE) return false;
        if (!(own - part.radius > depth_step(own, part.radius) + STEP_PER_CELL * float(cell)))
            return false;
        return float(cell) < CELL_REACH * (std::fabs(own) + std::fabs(part.radius)) + CELL_MARGIN;
    }

    bool is_chosen(const FarPart &part, int cell) const {
        return std::fabs(part.radius - chosen) <
               depth_step(part.radius, chosen) + STEP_PER_CELL * float(cell);
    }

    // Adds candidates (0 weight: absent), at most `most` of what is still missing.
    void add(const FarPart *const *parts, const float *weights, int count, int cell, float most) {
        if (chosen == NOWHERE) {
            float best = 0;
            for (int k = 0; k < count; ++k)
                if (weights[k] > 0 && is_behind(*parts[k], cell) &&
                    (weights[k] > best || (weights[k] == best && parts[k]->radius > chosen)))
                    best = weights[k], chosen = parts[k]->radius;
            if (chosen == NOWHERE) return;
        }
        float total = 0, part_sum[4] = {0, 0, 0, 0};
        for (int k = 0; k < count; ++k) {
            if (!(weights[k] > 0) || !is_behind(*parts[k], cell) || !is_chosen(*parts[k], cell))
                continue;
            total += weights[k];
            for (int c = 0; c < 3; ++c) part_sum[c] += weights[k] * parts[k]->colour[c];
            part_sum[3] += weights[k] * parts[k]->radius;
        }
        if (total <= 0) return;
        const float scale = (1 - weight) * std::min(1.f, most / total);
        for (int c = 0; c < 4; ++c) sum[c] += scale * part_sum[c];
        weight += scale * total;
    }

    HiddenCell result() const {
        if (weight <= 0) return {{0, 0, 0}, NOWHERE};
        return {{sum[0] / weight, sum[1] / weight, sum[2] / weight}, sum[3] / weight};
    }
};

void add_neighbours(const Grid &g, int y, int x, Guess &guess) {
    const FarPart *parts[8];
    float weights[8];
    int n = 0;
    for (int j = -1; j <= 1; ++j)
        for (int i = -1; i <= 1; ++i) {
            if ((!j && !i) || y + j < 0 || y + j >= g.rows || x + i < 0 || x + i >= g.cols) continue;
            parts[n] = &g.at(y + j, x + i);
            weights[n++] = j && i ? DIAGONAL : BESIDE;
        }
    guess.add(parts, weights, n, g.cell, BESIDE_MOST);
}

void add_bilinear(const Grid &g, float y, float x, Guess &guess) {
    const FourCells around(y, x, g.rows, g.cols);
    const FarPart *parts[4];
    for (int k = 0; k < 4; ++k) parts[k] = &g.parts[around.index[k]];
    guess.add(parts, around.weight, 4, g.cell, 1.f);
}

HiddenCell guess_cell(const Grid *grids, int y, int x, float nearest) {
    const FarPart &part = grids[0].at(y, x);
    if (part.radius == NOWHERE) return {{0, 0, 0}, NOWHERE};
    if (nearest - part.radius > depth_step(nearest, part.radius)) return part;
    Guess guess;
    guess.own = nearest;
    add_neighbours(grids[0], y, x, guess);
    for (int l = 1; l < LEVELS && guess.weight < ENOUGH; ++l) {
        const float scale = 1.f / float(1 << l);
        add_bilinear(grids[l], (float(y) + 0.5f) * scale - 0.5f, (float(x) + 0.5f) * scale - 0.5f,
                     guess);
    }
    return guess.result();
}

// Blocks that have anything hidden in their cells or in those around them.
void mark_hidden(Surfaces &s) {
    const int per_block = BLOCK / CELL;
    s.has_hidden.assign(s.has_edge.size(), 0);
    for (int b = 0; b < s.block_rows; ++b)
        for (int k = 0; k < s.block_cols; ++k) {
            uint8_t &has = s.has_hidden[size_t(b) * s.block_cols + k];
            const int y1 = std::min(s.cell_rows, (b + 1) * per_block + 1);
            const int x1 = std::min(s.cell_cols, (k + 1) * per_block + 1);
            if (!s.is_active[size_t(b) * s.block_cols + k]) continue;
            for (int y = std::max(0, b * per_block - 1); y < y1 && !has; ++y)
                for (int x = std::max(0, k * per_block - 1); x < x1; ++x)
                    has |= s.hidden[size_t(y) * s.cell_cols + x].radius != NOWHERE;
        }
}

} // namespace

void find_hidden(Surfaces &s, float largest_radius, int threads) {
    s.is_active.assign(s.has_edge.size(), 0);
    if (!s.any_edge) return;
    mark_active(s, largest_radius);
    s.cell_rows = blocks(s.photo.rows, CELL), s.cell_cols = blocks(s.photo.cols, CELL);

    Grid grids[LEVELS];
    grids[0].rows = s.cell_rows, grids[0].cols = s.cell_cols, grids[0].cell = CELL;
    grids[0].parts.resize(size_t(s.cell_rows) * s.cell_cols);
    Buffer<float> nearest(grids[0].parts.size());
    measure_cells(s, grids[0], nearest, threads);
    for (int l = 1; l < LEVELS; ++l) grids[l] = coarser(grids[l - 1], threads);

    const Bounds bounds(grids[0]);
    s.hidden.resize(grids[0].parts.size());
#pragma omp parallel for schedule(dynamic, 8) num_threads(threads)
    for (int y = 0; y < s.cell_rows; ++y)
        for (int x = 0; x < s.cell_cols; ++x) {
            const size_t i = size_t(y) * s.cell_cols + x;
            const bool may_hide = nearest[i] - bounds.at(y, x) > depth_step(0, 0);
            s.hidden[i] = may_hide ? guess_cell(grids, y, x, nearest[i])
                                   : HiddenCell{{0, 0, 0}, NOWHERE};
        }
    mark_hidden(s);
}

} // namespace d2f

// Pixels as entries (what a pixel shows, and what is guessed behind it), and their reduction.
//
// Twin: `hidden_behind` of d2f/renderer/hidden.py and `find_surfaces` of d2f/renderer/surfaces.py; the
// twin reduces nothing. When four cells become one, depths on both sides of an edge are
// never averaged: the nearer children become the first entry, the farther ones and what lies behind
// the nearer ones the second.

#include "entries.h"

#include <cstring>

namespace d2f {

namespace {

constexpr int BLOCK_LEVELS = 6; // a block of 64 px is one cell at 1/64

// Squares closer than this, or than this part of the smaller one, are never across an edge: there
// radii a < b differ by 2 + 0.2 a at least, hence squares by 0.4 a^2.
constexpr float SMOOTH_SQUARES = 2.f, SMOOTH_PART = 0.4f;

D2F_CLONES void load_row(const float *radiance, const float *radius, int count, float *r, float *g,
                         float *b, float *cover, float *square) {
    for (int x = 0; x < count; ++x) {
        r[x] = radiance[3 * x], g[x] = radiance[3 * x + 1], b[x] = radiance[3 * x + 2];
        cover[x] = 1.f;
        const float v = radius[x], a = std::fabs(v), m = a < MAX_RADIUS_PX ? a : MAX_RADIUS_PX;
        const float q = a < IN_FOCUS_PX ? 0.f : m * m;
        square[x] = v > 0 ? q : -q;
    }
}

void put(Tile &t, int entry, int y, int x, const float *colour, float cover, float radius) {
    for (int c = 0; c < 3; ++c) t.row(entry, c, y)[x] = colour[c];
    t.row(entry, 3, y)[x] = cover;
    t.row(entry, 4, y)[x] = signed_square(radius);
}

// The hidden surface behind a pixel that lies so far down and right between the centres of four
// cells: bilinear among those that agree about its depth.
bool hidden_at(const HiddenCell *const *cells, float down, float right, float own, HiddenCell &out) {
    float weight[4] = {(1 - down) * (1 - right), (1 - down) * right, down * (1 - right), down * right};
    float best = 0, chosen = NOWHERE;
    for (int k = 0; k < 4; ++k) {
        const float r = cells[k]->radius;
        if (r == NOWHERE || own - r <= depth_step(own, r)) weight[k] = 0;
        if (weight[k] > best) best = weight[k], chosen = r;
    }
    if (best <= 0) return false;
    float total = 0;
    out = {{0, 0, 0}, 0};
    for (int k = 0; k < 4; ++k) {
        const HiddenCell &cell = *cells[k];
        const float w = weight[k];
        if (w <= 0 || std::fabs(cell.radius - chosen) > depth_step(chosen, chosen)) continue;
        total += w;
        for (int c = 0; c < 3; ++c) out.colour[c] += w * cell.colour[c];
        out.radius += w * cell.radius;
    }
    for (float &c : out.colour) c /= total;
    out.radius /= total;
    return true;
}

// Parts a soft pixel into what its matte leaves for the surface in front, and the surface behind it,
// which cannot be brighter than the pixel lets it; the sum of both is the pixel.
void part_soft_pixel(Tile &t, int y, int x, float matte, HiddenCell &behind) {
    for (int c = 0; c < 3; ++c) {
        float &value = t.row(0, c, y)[x];
        behind.colour[c] = std::min(behind.colour[c], value / (1 - matte));
        value = std::max(0.f, value - (1 - matte) * behind.colour[c]);
    }
    t.row(0, 3, y)[x] = matte;
}

// Hidden entries of a group of pixels that lie between the same four cells.
void load_hidden(const Surfaces &s, int y0, int y1, int x0, int x1, int top, int left, Tile &t) {
    const int below = (y0 + CELL / 2) / CELL, after = (x0 + CELL / 2) / CELL;
    const HiddenCell *up = &s.hidden[size_t(std::max(0, below - 1)) * s.cell_cols];
    const HiddenCell *down = &s.hidden[size_t(std::min(s.cell_rows - 1, below)) * s.cell_cols];
    const int i = std::max(0, after - 1), j = std::min(s.cell_cols - 1, after);
    const HiddenCell *const cells[4] = {up + i, up + j, down + i, down + j};
    const float farthest = std::min(std::min(up[i].radius, up[j].radius),
                                    std::min(down[i].radius, down[j].radius));
    if (farthest == NOWHERE) return;
    HiddenCell hidden;
    for (int y = y0; y < y1; ++y)
        for (int x = x0; x < x1; ++x) {
            const float own = s.photo.radius(y, x);
            if (own - farthest <= depth_step(0, 0)) continue;
            const float from_up = (float(y - below * CELL + CELL / 2) + 0.5f) / CELL;
            const float from_left = (float(x - after * CELL + CELL / 2) + 0.5f) / CELL;
            if (!hidden_at(cells, from_up, from_left, own, hidden)) continue;
            t.open_back(y - top, x - left);
            const size_t i = size_t(y) * s.photo.cols + x;
            if (s.flags[i] & IS_SOFT) part_soft_pixel(t, y - top, x - left, s.photo.matte[i], hidden);
            put(t, 1, y - top, x - left, hidden.colour, 1.f, hidden.radius);
        }
}

// Findings of one block inside the rectangle [y0, y1) x [x0, x1); the tile begins at (top, left).
void load_findings(const Surfaces &s, size_t block, int y0, int y1, int x0, int x1, int top,
                   int left, Tile &t) {
    auto inside = [&](int y, int x) { return y >= y0 && y < y1 && x >= x0 && x < x1; };
    if (!s.dimmed.empty())
        for (const DimmedPixel &d : s.dimmed[block])
            if (inside(d.y, d.x))
                for (int c = 0; c < 3; ++c) t.row(0, c, d.y - top)[d.x - left] = d.rest[c];
    if (!s.has_hidden.empty() && s.has_hidden[block])
        for (int y = y0, y_end; y < y1; y = y_end) {
            y_end = std::min(y1, (y + CELL / 2) / CELL * CELL + CELL / 2);
            for (int x = x0, x_end; x < x1; x = x_end) {
                x_end = std::min(x1, (x + CELL / 2) / CELL * CELL + CELL / 2);
                load_hidden(s, y, y_end, x, x_end, top, left, t);
            }
        }
    if (!s.split.empty())
        for (const SplitPixel &p : s.split[block])
            if (inside(p.y, p.x)) {
                t.open_back(p.y - top, p.x - left);
                put(t, 0, p.y - top, p.x - left, p.front, p.front[3], p.front_radius);
                put(t, 1, p.y - top, p.x - left, p.back, 1.f, p.back_radius);
            }
}

// Repeats the border of the filled part [fy0, fy1) x [fx0, fx1) to the tile's ends.
void repeat_border(Tile &t, int fy0, int fy1, int fx0, int fx1) {
    const int entries = t.any_back ? 2 : 1;
    if (fx0 > 0 || fx1 < t.cols)
        for (int y = fy0; y < fy1; ++y) {
            if (t.any_back) {
                if (t.has_back(y, fx0))
                    for (int x = 0; x < fx0; x += SEGMENT) t.open_back(y, x);
                if (t.has_back(y, fx1 - 1))
                    for (int x = fx1; x < t.cols; ++x) t.open_back(y, x);
            }
            for (int e = 0; e < entries; ++e)
                for (int c = 0; c < 5; ++c) {
                    float *row = t.row(e, c, y);
                    const float first = e && !t.has_back(y, fx0) ? 0.f : row[fx0];
                    const float last = e && !t.has_back(y, fx1 - 1) ? 0.f : row[fx1 - 1];
                    std::fill(row, row + fx0, first);
                    std::fill(row + fx1, row + t.cols, last);
                }
        }
    for (int y = 0; y < t.rows; ++y) {
        if (y >= fy0 && y < fy1) continue;
        const int from = y < fy0 ? fy0 : fy1 - 1;
        for (int e = 0; e < entries; ++e)
            for (int c = 0; c < 5; ++c)
                std::memcpy(t.row(e, c, y), t.row(e, c, from), sizeof(float) * size_t(t.stride));
        std::memcpy(&t.back[size_t(y) * t.segments], &t.back[size_t(from) * t.segments],
                    size_t(t.segments));
    }
}

// Where a tile at [from, from + count) meets a picture of `length`, in the tile's own coordinates;
// a tile wholly outside keeps the nearest line.
void overlap(int from, int count, int length, int &begin, int &end) {
    begin = std::min(std::max(0, -from), count - 1);
    end = std::max(std::min(count, length - from), begin + 1);
}

// Four children of a cell with their second entries, and the cell made from them.
struct Family {
    float entry[2][4][5];
};

inline float radius_of(float square) {
    return square > 0 ? std::sqrt(square) : -std::sqrt(-square);
}

void add_part(float *sum, const float *part) {
    for (int c = 0; c < 4; ++c) sum[c] += part[c];
    sum[4] += part[3] * part[4];
}

void close_entry(float *sum) {
    sum[4] = sum[3] > 0 ? sum[4] / sum[3] : 0.f;
    for (int c = 0; c < 4; ++c) sum[c] *= 0.25f;
}

void merge_family(const Family &f, float *front, float *back) {
    float lowest = NOWHERE, highest = -NOWHERE;
    for (const float *child : f.entry[0])
        if (child[3] > 0) lowest = std::min(lowest, child[4]), highest = std::max(highest, child[4]);
    std::fill_n(front, 5, 0.f), std::fill_n(back, 5, 0.f);
    const float near = radius_of(highest), far = radius_of(lowest);
    const bool across = lowest < highest && near - far >= depth_step(near, far);
    const float middle = signed_square((near + far) / 2);
    for (int k = 0; k < 4; ++k) {
        const float *shown = f.entry[0][k], *behind = f.entry[1][k];
        const bool is_far = across && shown[4] <= middle;
        if (shown[3] > 0) add_part(is_far ? back : front, shown);
        if (!is_far && behind[3] > 0) add_part(back, behind);
    }
    close_entry(front), close_entry(back);
    // What is behind can be there only once.
    if (back[3] > 1.f) {
        for (int c = 0; c < 3; ++c) back[c] /= back[3];
        back[3] = 1.f;
    }
}

D2F_CLONES void mean_row(const float *up, const float *down, int count, float *out) {
    for (int x = 0; x < count; ++x)
        out[x] = 0.25f * ((up[2 * x] + up[2 * x + 1]) + (down[2 * x] + down[2 * x + 1]));
}

// Whether the squares of `count` cells of two rows vary so little that no edge can be among them.
D2F_CLONES bool is_smooth(const float *up, const float *down, int count) {
    int rough = 0;
    for (int x = 0; x < count; ++x) {
        const float a = up[2 * x], b = up[2 * x + 1], c = down[2 * x], d = down[2 * x + 1];
        const float l1 = a < b ? a : b, l2 = c < d ? c : d, h1 = a < b ? b : a, h2 = c < d ? d : c;
        const float low = l1 < l2 ? l1 : l2, high = h1 < h2 ? h2 : h1;
        const float m1 = std::fabs(low), m2 = std::fabs(high);
        float allowed = SMOOTH_PART * (m1 < m2 ? m1 : m2);
        allowed = allowed < SMOOTH_SQUARES ? SMOOTH_SQUARES : allowed;
        rough += high - low >= allowed;
    }
    return rough == 0;
}

// Reduces `count` cells (a segment at most) of two rows into row y of a tile, from column x.
template <class Source>
void halve_segment(Source &in, int upper, int lower, int count, Tile &out, int y, int x) {
    const int from = 2 * x, last = std::min(in.cols - 1, from + 2 * count - 1);
    const int pairs = std::min(count, (in.cols - from) / 2);
    const bool back = in.has_back(upper, from) | in.has_back(lower, from) |
                      in.has_back(upper, last) | in.has_back(lower, last);
    if (!back && pairs == count &&
        is_smooth(in.row(0, 4, upper) + from, in.row(0, 4, lower) + from, count)) {
        for (int c = 0; c < 5; ++c)
            mean_row(in.row(0, c, upper) + from, in.row(0, c, lower) + from, count,
                     out.row(0, c, y) + x);
        return;
    }
    for (int i = 0; i < count; ++i) {
        Family f;
        for (int k = 0; k < 4; ++k) {
            const int row = k / 2 ? lower : upper, col = std::min(in.cols - 1, from + 2 * i + k % 2);
            for (int e = 0; e < 2; ++e)
                for (int c = 0; c < 5; ++c)
                    f.entry[e][k][c] = e && !in.has_back(row, col) ? 0.f : in.row(e, c, row)[col];
        }
        float front[5], behind[5];
        merge_family(f, front, behind);
        for (int c = 0; c < 5; ++c) out.row(0, c, y)[x + i] = front[c];
        if (behind[3] > 0) {
            out.open_back(y, x);
            for (int c = 0; c < 5; ++c) out.row(1, c, y)[x + i] = behind[c];
        }
    }
}

template <class Source> void halve(Source &in, Tile &out) {
    out.resize((in.rows + 1) / 2, (in.cols + 1) / 2);
    for (int y = 0; y < out.rows; ++y)
        for (int x = 0; x < out.cols; x += SEGMENT)
            halve_segment(in, 2 * y, std::min(in.rows - 1, 2 * y + 1), std::min(SEGMENT, out.cols - x),
                          out, y, x);
}

// Copies a tile into a level. Tiles side by side may share a segment's flag, and only ever set it.
void keep_tile(Tile &from, Level &to, int y0, int x0) {
    for (int e = 0; e < 2; ++e)
        for (int y = 0; y < from.rows; ++y)
            for (int x = 0; x < from.cols; x += SEGMENT) {
                if (e && !from.has_back(y, x)) continue;
                const int count = std::min(SEGMENT, from.cols - x);
                for (int c = 0; c < 5; ++c)
                    std::memcpy(to.row(e, c, y0 + y) + x0 + x, from.row(e, c, y) + x,
                                sizeof(float) * size_t(count));
                if (e) __atomic_store_n(&to.has_back(y0 + y, x0 + x), uint8_t(1), __ATOMIC_RELAXED);
            }
}

bool any_wanted(const Photo &p, const std::vector<uint8_t> &wanted, int by, int bx) {
    const int per_block = BLOCK / MASK_BLOCK;
    const int rows = blocks(p.rows, MASK_BLOCK), cols = blocks(p.cols, MASK_BLOCK);
    for (int j = by * per_block; j < std::min(rows, (by + 1) * per_block); ++j)
        for (int i = bx * per_block; i < std::min(cols, (bx + 1) * per_block); ++i)
            if (wanted[size_t(j) * cols + i]) return true;
    return false;
}

} // namespace

void load_photo_tile(const Surfaces &s, int y0, int x0, int rows, int cols, Tile &t) {
    t.resize(rows, cols);
    const Photo &p = s.photo;
    int fy0, fy1, fx0, fx1;
    overlap(y0, rows, p.rows, fy0, fy1), overlap(x0, cols, p.cols, fx0, fx1);
    for (int y = fy0; y < fy1; ++y)
        load_row(p.colour(y0 + y, x0 + fx0), p.defocus + size_t(y0 + y) * p.cols + x0 + fx0,
                 fx1 - fx0, t.row(0, 0, y) + fx0, t.row(0, 1, y) + fx0, t.row(0, 2, y) + fx0,
                 t.row(0, 3, y) + fx0, t.row(0, 4, y) + fx0);
    for (int b = (y0 + fy0) / BLOCK; b <= (y0 + fy1 - 1) / BLOCK; ++b)
        for (int k = (x0 + fx0) / BLOCK; k <= (x0 + fx1 - 1) / BLOCK; ++k)
            load_findings(s, size_t(b) * s.block_cols + k, std::max(y0 + fy0, b * BLOCK),
                          std::min(y0 + fy1, (b + 1) * BLOCK), std::max(x0 + fx0, k * BLOCK),
                          std::min(x0 + fx1, (k + 1) * BLOCK), y0, x0, t);
    repeat_border(t, fy0, fy1, fx0, fx1);
}

void load_level_tile(Level &l, int y0, int x0, int rows, int cols, Tile &t) {
    t.resize(rows, cols);
    int fy0, fy1, fx0, fx1;
    overlap(y0, rows, l.rows, fy0, fy1), overlap(x0, cols, l.cols, fx0, fx1);
    for (int y = fy0; y < fy1; ++y) {
        for (int x = fx0, next; x < fx1; x = next) { // by source segment: the grids need not align
            next = std::min(fx1, ((x0 + x) / SEGMENT + 1) * SEGMENT - x0);
            if (l.has_back(y0 + y, x0 + x)) t.open_back(y, x), t.open_back(y, next - 1);
        }
        for (int c = 0; c < 5; ++c)
            std::memcpy(t.row(0, c, y) + fx0, l.row(0, c, y0 + y) + x0 + fx0,
                        sizeof(float) * size_t(fx1 - fx0));
        for (int k = 0; k < t.segments; ++k) {
            const int from = std::max(fx0, k * SEGMENT), to = std::min(fx1, (k + 1) * SEGMENT);
            if (from >= to || !t.back[size_t(y) * t.segments + k]) continue;
            for (int c = 0; c < 5; ++c)
                std::memcpy(t.row(1, c, y) + from, l.row(1, c, y0 + y) + x0 + from,
                            sizeof(float) * size_t(to - from));
        }
    }
    repeat_border(t, fy0, fy1, fx0, fx1);
}

std::vector<Level> reduced_photos(const Surfaces &s, const std::vector<uint8_t> &wanted,
                                  const std::vector<bool> &kept, int threads) {
    const int last = int(kept.size()) - 1, by_blocks = std::min(last, BLOCK_LEVELS);
    std::vector<Level> levels(kept.size());
    for (int l = 1, rows = s.photo.rows, cols = s.photo.cols; l <= last; ++l) {
        rows = (rows + 1) / 2, cols = (cols + 1) / 2;
        levels[l].rows = rows, levels[l].cols = cols;
        if (kept[l] || (l == by_blocks && l < last) || l > by_blocks) levels[l].resize(rows, cols);
    }
#pragma omp parallel num_threads(threads)
    {
        Tile tiles[2];
#pragma omp for schedule(dynamic, 4)
        for (int b = 0; b < s.block_rows * s.block_cols; ++b) {
            const int y0 = b / s.block_cols * BLOCK, x0 = b % s.block_cols * BLOCK;
            if (!any_wanted(s.photo, wanted, y0 / BLOCK, x0 / BLOCK)) continue;
            load_photo_tile(s, y0, x0, std::min(BLOCK, s.photo.rows - y0),
                            std::min(BLOCK, s.photo.cols - x0), tiles[0]);
            for (int l = 1; l <= by_blocks; ++l) {
                halve(tiles[(l + 1) % 2], tiles[l % 2]);
                if (!levels[l].store.empty()) keep_tile(tiles[l % 2], levels[l], y0 >> l, x0 >> l);
            }
        }
    }
    Tile whole; // beyond a block's last cell, pictures are tiny
    for (int l = by_blocks + 1; l <= last; ++l)
        halve(levels[l - 1], whole), keep_tile(whole, levels[l], 0, 0);
    return levels;
}

} // namespace d2f

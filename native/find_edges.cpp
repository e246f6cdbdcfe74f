// Depth edges, and the silhouette pixels along them taken apart into a near and a far part.
//
// Twin: `_edges` and `_split` of d2f/renderer/surfaces.py. A pixel on a silhouette mixes the colours of two surfaces but has
// one depth; left alone it smears the subject's colour into the blurred background. It does not try
// hair finer than the 5 x 5 window: there a matte is needed, whose soft pixels are only flagged here.

#include "find_edges.h"

namespace d2f {

namespace {

constexpr float SAME_SIDE = 0.6f;        // of depth_step: belongs to the near or the far colour
constexpr float MIN_CONTRAST = 0.02f;    // squared, relative to the mean brightness
constexpr float MIN_CONTRAST_SHARP = 0.1f;
constexpr float SHARP_PX = 1.5f;         // the near side counts as in focus
constexpr float NEAR_MIN_COVER = 0.3f, FAR_MAX_COVER = 0.7f;
constexpr float MAX_RESIDUAL = 0.06f;    // beyond it a third colour is at work

// Gaussian exp(-d^2 / 4) for d^2 = 0 ... 8.
constexpr float WINDOW[9] = {1.f,         0.77880078f, 0.60653066f, 0.47236655f, 0.36787944f,
                             0.28650480f, 0.22313016f, 0.17377394f, 0.13533528f};

D2F_CLONES void flag_row(const float *up, const float *row, const float *down, int cols,
                         uint8_t *flags) {
    auto differs = [](float a, float b) { return std::fabs(a - b) > depth_step(a, b); };
    for (int x = 0; x < cols; ++x) {
        const float left = row[x > 0 ? x - 1 : 0], right = row[x + 1 < cols ? x + 1 : x];
        if (x == 0 || x + 1 == cols)
            flags[x] = differs(row[x], up[x]) | differs(row[x], down[x]) |
                       differs(row[x], left) | differs(row[x], right);
    }
    for (int x = 1; x < cols - 1; ++x)
        flags[x] = uint8_t(differs(row[x], up[x]) | differs(row[x], down[x]) |
                           differs(row[x], row[x - 1]) | differs(row[x], row[x + 1]));
}

struct Mean {
    float weight = 0, colour[3] = {0, 0, 0};
    void add(float w, const float *c) {
        weight += w;
        for (int k = 0; k < 3; ++k) colour[k] += w * c[k];
    }
    bool close() {
        if (weight <= 0) return false;
        for (float &c : colour) c /= weight;
        return true;
    }
};

const float *remaining_colour(const Surfaces &s, int y, int x) {
    if (s.flags[size_t(y) * s.photo.cols + x] & IS_LIGHT)
        for (const DimmedPixel &d : s.dimmed[s.block_of(y, x)])
            if (d.y == y && d.x == x) return d.rest;
    return s.photo.colour(y, x);
}

// Radii on both sides of the edge through a pixel.
void radius_range(const Photo &p, int y, int x, float &nearest, float &farthest) {
    nearest = -NOWHERE, farthest = NOWHERE;
    for (int j = std::max(0, y - 1); j <= std::min(p.rows - 1, y + 1); ++j)
        for (int i = std::max(0, x - 1); i <= std::min(p.cols - 1, x + 1); ++i) {
            nearest = std::max(nearest, p.radius(j, i));
            farthest = std::min(farthest, p.radius(j, i));
        }
}

void gather_sides(const Surfaces &s, int y, int x, float nearest, float farthest, Mean &front,
                  Mean &back) {
    const Photo &p = s.photo;
    const float limit = SAME_SIDE * depth_step(nearest, farthest);
    for (int j = std::max(0, y - 2); j <= std::min(p.rows - 1, y + 2); ++j)
        for (int i = std::max(0, x - 2); i <= std::min(p.cols - 1, x + 2); ++i) {
            if (s.flags[size_t(j) * p.cols + i]) continue;
            const float w = WINDOW[(j - y) * (j - y) + (i - x) * (i - x)], r = p.radius(j, i);
            if (std::fabs(r - nearest) < limit) front.add(w, p.colour(j, i));
            if (std::fabs(r - farthest) < limit) back.add(w, p.colour(j, i));
        }
}

bool split_pixel(const Surfaces &s, int y, int x, SplitPixel &out) {
    float nearest, farthest;
    radius_range(s.photo, y, x, nearest, farthest);
    Mean front, back;
    gather_sides(s, y, x, nearest, farthest, front, back);
    if (!front.close() || !back.close()) return false;

    const float *c = remaining_colour(s, y, x), *f = front.colour, *b = back.colour;
    float contrast = 0, along = 0, level = 0, bright_front = 0, bright_back = 0;
    for (int k = 0; k < 3; ++k) {
        contrast += (f[k] - b[k]) * (f[k] - b[k]);
        along += (c[k] - b[k]) * (f[k] - b[k]);
        level += f[k] + b[k];
        bright_front += f[k], bright_back += b[k];
    }
    const float needed = std::fabs(nearest) < SHARP_PX ? MIN_CONTRAST_SHARP : MIN_CONTRAST;
    if (contrast <= needed * level * level / 12.f) return false;

    float cover = std::min(1.f, std::max(0.f, along / contrast));
    const float own = s.photo.radius(y, x);
    if (nearest - own < own - farthest) cover = std::max(cover, NEAR_MIN_COVER);
    else cover = std::min(cover, FAR_MAX_COVER);

    float residual = 0;
    for (int k = 0; k < 3; ++k) {
        const float e = c[k] - cover * f[k] - (1 - cover) * b[k];
        residual += e * e;
    }
    if (residual > MAX_RESIDUAL * contrast) return false;

    out.y = y, out.x = x, out.front_radius = nearest, out.back_radius = farthest;
    for (int k = 0; k < 3; ++k) {
        // What the far part leaves of the pixel: a sharp, untouched pixel keeps its exact sum.
        out.front[k] = std::max(0.f, c[k] - (1 - cover) * b[k]);
        if (bright_back > 4 * bright_front) out.front[k] = std::min(out.front[k], 2 * cover * f[k]);
        out.back[k] = b[k];
    }
    out.front[3] = cover;
    return true;
}

} // namespace

void find_edges(Surfaces &s, int threads) {
    const Photo &p = s.photo;
    s.block_rows = blocks(p.rows, BLOCK), s.block_cols = blocks(p.cols, BLOCK);
    s.flags.resize(size_t(p.rows) * p.cols);
    s.has_edge.assign(size_t(s.block_rows) * s.block_cols, 0);
#pragma omp parallel for schedule(dynamic) num_threads(threads)
    for (int b = 0; b < s.block_rows; ++b)
        for (int y = b * BLOCK; y < std::min(p.rows, (b + 1) * BLOCK); ++y) {
            const float *row = p.defocus + size_t(y) * p.cols;
            uint8_t *flags = s.flags.data() + size_t(y) * p.cols;
            flag_row(y > 0 ? row - p.cols : row, row, y + 1 < p.rows ? row + p.cols : row, p.cols,
                     flags);
            if (p.matte)
                for (int x = 0; x < p.cols; ++x)
                    if (is_soft(p.matte[size_t(y) * p.cols + x])) flags[x] |= IS_SOFT;
            for (int k = 0; k < s.block_cols; ++k) {
                uint8_t any = 0;
                for (int x = k * BLOCK; x < std::min(p.cols, (k + 1) * BLOCK); ++x) any |= flags[x];
                s.has_edge[size_t(b) * s.block_cols + k] |= any;
            }
        }
    for (uint8_t e : s.has_edge) s.any_edge |= e != 0;
}

void split_edge_pixels(Surfaces &s, int threads) {
    const Photo &p = s.photo;
    s.split.resize(s.has_edge.size());
    if (!s.any_edge) return;
#pragma omp parallel for schedule(dynamic) num_threads(threads)
    for (int b = 0; b < int(s.has_edge.size()); ++b) {
        if (!s.has_edge[b]) continue;
        const int y0 = b / s.block_cols * BLOCK, x0 = b % s.block_cols * BLOCK;
        for (int y = y0; y < std::min(p.rows, y0 + BLOCK); ++y)
            for (int x = x0; x < std::min(p.cols, x0 + BLOCK); ++x) {
                SplitPixel found;
                const uint8_t flags = s.flags[size_t(y) * p.cols + x];
                if ((flags & AT_EDGE) && !(flags & IS_SOFT) && split_pixel(s, y, x, found))
                    s.split[b].push_back(found);
            }
    }
}

} // namespace d2f

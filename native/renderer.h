// Shared types of the renderer: the photo, the surfaces found in it, the layers, and a tile of
// entries. No function here computes anything but an index or a threshold.

#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "clones.h"
#include "huge_buffer.h"

namespace d2f {

constexpr float IN_FOCUS_PX = 0.25f;    // a smaller radius counts as 0
constexpr float MAX_RADIUS_PX = 4000.f; // a larger one counts as this
constexpr int BLOCK = 64;               // sparse findings are listed per block of the photo
constexpr int MASK_BLOCK = 32;          // layers in use are noted per block of the photo
constexpr int CELL = 4;                 // hidden surfaces are found for cells of this size
constexpr float NOWHERE = 3e38f;        // depth of a cell without content: never farther than any

// Two neighbours whose radii differ by more lie on different surfaces.
inline float depth_step(float a, float b) {
    const float x = std::fabs(a), y = std::fabs(b);
    return 2.f + 0.2f * (x < y ? x : y); // not std::min, which keeps loops from vectorising
}

inline float signed_square(float radius) {
    const float a = std::fabs(radius);
    if (a < IN_FOCUS_PX) return 0.f;
    const float r = std::min(a, MAX_RADIUS_PX);
    return radius > 0 ? r * r : -r * r;
}

inline int blocks(int length, int block) { return (length + block - 1) / block; }

// Row-major: radiance is rows x cols x 3, defocus and matte rows x cols; without a matte, null.
struct Photo {
    const float *radiance, *defocus, *matte;
    int rows, cols;
    const float *colour(int y, int x) const { return radiance + 3 * (size_t(y) * cols + x); }
    float radius(int y, int x) const { return defocus[size_t(y) * cols + x]; }
};

// A silhouette pixel, taken apart: a near part of some coverage before a full far part.
struct SplitPixel {
    int y, x;
    float front[4], front_radius, back[3], back_radius;
};

// A pixel whose light was cut out; this much stays in the picture.
struct DimmedPixel {
    int y, x;
    float rest[3];
};

// A light to be drawn as a disc of its own.
struct Light {
    float y, x, radius, colour[3];
};

enum PixelFlag : uint8_t { AT_EDGE = 1, IS_LIGHT = 2, IS_SOFT = 4 };

// A pixel of this matte shows a near surface and what lies behind it.
inline bool is_soft(float matte) { return matte > 0.f && matte < 1.f; }

// One guess per cell of 4 x 4 pixels of what lies behind it; radius NOWHERE: nothing.
struct HiddenCell {
    float colour[3], radius;
};

// The four cells around a place in a grid, clamped to it, with their bilinear weights.
struct FourCells {
    size_t index[4];
    float weight[4];
    FourCells(float y, float x, int rows, int cols) {
        const float top = std::floor(y), left = std::floor(x), down = y - top, right = x - left;
        for (int k = 0; k < 4; ++k) {
            const int row = std::min(rows - 1, std::max(0, int(top) + k / 2));
            const int col = std::min(cols - 1, std::max(0, int(left) + k % 2));
            index[k] = size_t(row) * cols + col;
            weight[k] = (k / 2 ? down : 1 - down) * (k % 2 ? right : 1 - right);
        }
    }
};

struct Surfaces {
    Photo photo;
    int block_rows = 0, block_cols = 0;
    Buffer<uint8_t> flags;                          // rows x cols, PixelFlag
    std::vector<uint8_t> has_edge, is_active;       // per block; active: an edge is within reach
    std::vector<uint8_t> has_hidden;                // per block: something is hidden within a cell of it
    std::vector<std::vector<SplitPixel>> split;     // per block, in row order
    std::vector<std::vector<DimmedPixel>> dimmed;   // per block, in row order
    std::vector<Light> lights;                      // nearest first
    int cell_rows = 0, cell_cols = 0;
    Buffer<HiddenCell> hidden;                      // cell_rows x cell_cols, empty without edges
    bool any_edge = false;
    size_t block_of(int y, int x) const { return size_t(y / BLOCK) * block_cols + x / BLOCK; }
};

// Runs of whole rows: rows [first, last) of columns (a column may have several, or none), as offsets
// from the middle, and what their sum counts for.
struct Runs {
    std::vector<int> column, first, last;
    float area = 0.f, weight = 1.f;
};

// The image of a point at a layer's depth: small kernels list every pixel's weight, larger ones are
// runs, several of them where the disc is not evenly bright.
struct Kernel {
    int reach_x = 0, reach_y = 0;
    std::vector<float> dense; // (2 reach_y + 1) x (2 reach_x + 1), or empty
    std::vector<Runs> runs;   // the widest first
};

struct Layer {
    float radius, square;   // of the layer, px at full size; square = radius^2
    float nearer, farther;  // signed squares of its neighbours
    int level;              // drawn at 1 / 2^level
    float kernel_radius;    // in cells of that level
    Kernel kernel;          // as read: where a pixel's light comes from
};

// Layers of one side, smallest radius first.
struct Side {
    std::vector<Layer> layers;
};

// Both ends of a shape of radius 1 on lines across it, spread evenly from -reach to +reach.
struct Profile {
    std::vector<float> ends; // count x 2: smaller, larger
    float reach = 1.f;
};

// A disc that is part of a point's image: its radius, and its share of the light.
struct Disc {
    float scale, weight;
};

// A grey picture of the opening as sums over its cells: sums[y][x] is the light above and left of the
// cell (y, x), in all 1. It spans -reach ... reach in radii, both ways.
struct Transmission {
    std::vector<double> sums; // (cells + 1)^2
    int cells = 0;
    float reach = 1.f;
};

// The opening of the lens; discs and pictures for points beyond the plane of focus, then for nearer
// ones. With pictures, profiles and discs are not looked at.
struct Opening {
    Profile rows, cols;
    float cats_eye = 0.f;
    std::vector<Disc> layer_discs[2], light_discs[2];
    std::vector<Transmission> pictures; // none, or two
    float reach() const {
        return pictures.empty() ? std::max(rows.reach, cols.reach) : pictures[0].reach;
    }
};

// From the centre of the picture, in half diagonals.
struct Place {
    float y, x;
};

inline Place place_of(float y, float x, int rows, int cols) {
    const float half = 0.5f * std::hypot(float(rows), float(cols));
    return {(y - 0.5f * float(rows - 1)) / half, (x - 0.5f * float(cols - 1)) / half};
}

struct Plan {
    Side near, far;
    Opening opening;
    float light_floor;  // a light is at least this bright
    int threads;
    unsigned channels = 7;          // bits of r, g, b that this plan is for
    float stretch[2] = {1.f, 1.f};  // of a light's radius beyond the plane of focus, and before it
};

constexpr int SEGMENT = 32; // second entries are noted per run of so many cells

// Entries of a rectangle of cells: planes r, g, b, coverage (premultiplied) and signed square. Where
// a segment has no second entry its planes hold rubbish in a Tile, zeros in a Level.
struct Tile {
    int rows = 0, cols = 0, stride = 0, segments = 0;
    std::vector<float> store;
    std::vector<uint8_t> back; // rows x segments
    bool any_back = false;

    void resize(int r, int c) {
        rows = r, cols = c, stride = (c + 31) / 16 * 16, segments = blocks(c, SEGMENT);
        const size_t need = size_t(rows) * stride * 10 + 64;
        if (store.size() < need) store.resize(need, 0.f);
        back.assign(size_t(rows) * segments, 0);
        any_back = false;
    }
    float *row(int entry, int channel, int y) {
        return store.data() + (size_t(entry * 5 + channel) * rows + y) * stride;
    }
    uint8_t &has_back(int y, int x) { return back[size_t(y) * segments + x / SEGMENT]; }
    // Empties a segment's second entries before the first one is written.
    void open_back(int y, int x) {
        uint8_t &flag = has_back(y, x);
        if (flag) return;
        flag = 1, any_back = true;
        const int from = x / SEGMENT * SEGMENT, count = std::min(SEGMENT, stride - from);
        for (int c = 0; c < 5; ++c) std::fill_n(row(1, c, y) + from, count, 0.f);
    }
};

// A whole picture of entries at 1 / 2^level, planes as in Tile, and what its layers look like
// together: planes r, g, b, coverage of the nearer and the farther ones.
struct Level {
    int rows = 0, cols = 0, segments = 0;
    Buffer<float> store, near, far;
    Buffer<uint8_t> back; // rows x segments

    void resize(int r, int c) {
        rows = r, cols = c, segments = blocks(c, SEGMENT);
        store.resize(size_t(r) * c * 10);
        back.resize(size_t(r) * segments);
    }
    float *row(int entry, int channel, int y) {
        return store.data() + (size_t(entry * 5 + channel) * rows + y) * cols;
    }
    uint8_t &has_back(int y, int x) { return back[size_t(y) * segments + x / SEGMENT]; }
};

} // namespace d2f

// Where a photo's own pixels stay: in focus, and out of reach of every nearer blur.
//
// Twin: d2f/fusion/reference.py. The reach of a pixel of radius r >= 1 is a disc; the union of
// all discs is found on cells of `cell` x `cell` pixels, each taken at its largest radius and with
// a margin, so it is never too small and, at a cell of 1 px, exact. A disc of radius R covers
// what lies within the parabola R^2 - d^2 >= 0, which separates into columns and rows; in each, the
// upper envelope of the parabolas i -> height_i - (y - i)^2 is that of the lines
// (height_i - i^2) + 2 i y, found exactly in integers.
// Does not try: blur behind the plane of focus, which a sharp subject in front hides.

#include <algorithm>
#include <cmath>
#include <vector>

#include "fusion.h"
#include "threads.h"

namespace d2f::fusion {
namespace {

constexpr float kSharp = 0.5f, kBlurred = 1.0f;  // px: up to here 1, from here 0
constexpr float kHalfPixel = 0.5f;               // a disc reaches the rim of pixels, not centres
// Cells: from a pixel to its cell's centre (sqrt(1/2)), and from another pixel to the farthest of
// the four cell centres it is interpolated from (sqrt(2)).
constexpr float kMargin = 2.1213204f;

inline float focus_weight(float defocus) {
    float t = (std::fabs(defocus) - kSharp) / (kBlurred - kSharp);
    t = t > 0.0f ? t : 0.0f;
    t = t < 1.0f ? t : 1.0f;
    return 1.0f - t * t * (3.0f - 2.0f * t);
}

// height = floor((reach of the cell's largest radius)^2) in cells, -1 where nothing reaches out.
std::vector<int32_t> cell_heights(const float *defocus, int rows, int cols, int cell, int high,
                                  int wide, int threads) {
    std::vector<int32_t> heights(static_cast<size_t>(wide) * high);  // column by column
    const float margin = cell > 1 ? kMargin : 0.0f;
#pragma omp parallel for schedule(static) num_threads(thread_count(threads))
    for (int cy = 0; cy < high; ++cy) {
        std::vector<float> largest(wide, 0.0f);
        for (int y = cy * cell; y < std::min((cy + 1) * cell, rows); ++y) {
            const float *line = defocus + static_cast<size_t>(y) * cols;
            for (int x = 0; x < cols; ++x)
                largest[x / cell] = std::max(largest[x / cell], line[x]);
        }
        for (int cx = 0; cx < wide; ++cx) {
            const float reach = (largest[cx] + kHalfPixel) / static_cast<float>(cell) + margin;
            const float capped = std::min(reach, 30000.0f);  // its square fits an int
            heights[static_cast<size_t>(cx) * high + cy] =
                largest[cx] >= kBlurred ? static_cast<int32_t>(capped * capped) : -1;
        }
    }
    return heights;
}

// best[y] = max over i of heights[i] - (y - i)^2, or -1 where that is negative.
void envelope(const int32_t *heights, int count, std::vector<int32_t> &hull, int32_t *best,
              int stride) {
    hull.clear();
    const auto offset = [&](int64_t i) { return heights[i] - i * i; };
    for (int i = 0; i < count; ++i) {
        if (heights[i] < 0) continue;
        while (hull.size() > 1) {
            const int64_t a = hull[hull.size() - 2], b = hull.back();
            // b is needless when i overtakes a before b does.
            if ((offset(a) - offset(i)) * (b - a) > (offset(a) - offset(b)) * (i - a)) break;
            hull.pop_back();
        }
        hull.push_back(i);
    }
    size_t at = 0;
    for (int64_t y = 0; y < count; ++y) {
        const auto value = [&](size_t k) { return offset(hull[k]) + 2 * hull[k] * y - y * y; };
        while (at + 1 < hull.size() && value(at + 1) >= value(at)) ++at;
        const int64_t height = hull.empty() ? -1 : value(at);
        best[y * stride] = static_cast<int32_t>(std::max<int64_t>(height, -1));
    }
}

// 1 for each cell that a nearer blur reaches.
std::vector<uint8_t> reached_cells(const float *defocus, int rows, int cols, int cell, int high,
                                   int wide, int threads) {
    const std::vector<int32_t> heights =
        cell_heights(defocus, rows, cols, cell, high, wide, threads);
    std::vector<uint8_t> reached(heights.size(), 0);
    if (std::all_of(heights.begin(), heights.end(), [](int32_t h) { return h < 0; }))
        return reached;
    std::vector<int32_t> vertical(heights.size());  // row by row
#pragma omp parallel num_threads(thread_count(threads))
    {
        std::vector<int32_t> hull, line(wide);
#pragma omp for schedule(static)
        for (int x = 0; x < wide; ++x)
            envelope(heights.data() + static_cast<size_t>(x) * high, high, hull,
                     vertical.data() + x, wide);
#pragma omp for schedule(static)
        for (int y = 0; y < high; ++y) {
            const size_t row = static_cast<size_t>(y) * wide;
            envelope(vertical.data() + row, wide, hull, line.data(), 1);
            for (int x = 0; x < wide; ++x) reached[row + x] = line[x] >= 0;
        }
    }
    return reached;
}

// The two cells and the weight between them for the centre of a pixel.
struct Between {
    int low, high;
    float weight;
};

Between cells_around(int pixel, int cell, int count) {
    const float place =
        (static_cast<float>(pixel) + 0.5f) / static_cast<float>(cell) - 0.5f;
    const float low = std::floor(place);
    const int i = static_cast<int>(low);
    return {std::clamp(i, 0, count - 1), std::clamp(i + 1, 0, count - 1), place - low};
}

}  // namespace

void in_focus_mask(const float *defocus_px, int rows, int cols, int cell, float *in_focus,
                   int threads) {
    const int high = (rows + cell - 1) / cell, wide = (cols + cell - 1) / cell;
    const std::vector<uint8_t> reached =
        reached_cells(defocus_px, rows, cols, cell, high, wide, threads);
    std::vector<Between> across(cols);
    for (int x = 0; x < cols; ++x) across[x] = cells_around(x, cell, wide);
#pragma omp parallel num_threads(thread_count(threads))
    {
        std::vector<float> free(wide);
#pragma omp for schedule(static)
        for (int y = 0; y < rows; ++y) {
            const Between down = cells_around(y, cell, high);
            const uint8_t *above = reached.data() + static_cast<size_t>(down.low) * wide;
            const uint8_t *below = reached.data() + static_cast<size_t>(down.high) * wide;
            for (int x = 0; x < wide; ++x)
                free[x] = 1.0f - (above[x] + (below[x] - above[x]) * down.weight);
            const float *line = defocus_px + static_cast<size_t>(y) * cols;
            float *out = in_focus + static_cast<size_t>(y) * cols;
            for (int x = 0; x < cols; ++x) {
                const Between &a = across[x];
                const float open = free[a.low] + (free[a.high] - free[a.low]) * a.weight;
                out[x] = std::min(focus_weight(line[x]), open);
            }
        }
    }
}

}  // namespace d2f::fusion

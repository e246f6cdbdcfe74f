// Area reduction: the mean colour of each cell of a grid over a photo, rounded to codes.
// Twin: d2f/scene/reference.py, equal but for ties of the rounding. Does not enlarge.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "clones.h"
#include "scene.h"
#include "threads.h"

namespace d2f::scene {
namespace {

struct Span {
    int begin, end;
    float first, last;  // shares of the first and the last pixel that lie in the cell
};

std::vector<Span> spans(int pixels, int cells) {
    std::vector<Span> out(cells);
    for (int c = 0; c < cells; ++c) {
        const double from = double(c) * pixels / cells, to = double(c + 1) * pixels / cells;
        const int begin = int(from), end = std::min(int(std::ceil(to)), pixels);
        out[c] = {begin, end, float(std::min(begin + 1.0, to) - from), float(to - (end - 1))};
        if (end - begin == 1) out[c].last = out[c].first;
    }
    return out;
}

inline float share(const Span &span, int p) {
    return p == span.begin ? span.first : p == span.end - 1 ? span.last : 1.0f;
}

D2F_CLONES void add_row(const uint8_t *row, int count, float weight, float *sums) {
    for (int i = 0; i < count; ++i) sums[i] += weight * float(row[i]);
}

}  // namespace

void area_reduce(const uint8_t *photo, Size size, Size cells, uint8_t *reduced, int threads) {
    const int height = size.rows, width = size.cols, rows = cells.rows, cols = cells.cols;
    const std::vector<Span> vertical = spans(height, rows), horizontal = spans(width, cols);
    const float cell = float(double(height) / rows * (double(width) / cols));
#pragma omp parallel num_threads(thread_count(threads))
    {
        std::vector<float> sums(size_t(width) * 3);
#pragma omp for schedule(static)
        for (int y = 0; y < rows; ++y) {
            std::fill(sums.begin(), sums.end(), 0.0f);
            for (int p = vertical[y].begin; p < vertical[y].end; ++p)
                add_row(photo + size_t(p) * width * 3, width * 3, share(vertical[y], p),
                        sums.data());
            uint8_t *out = reduced + size_t(y) * cols * 3;
            for (int x = 0; x < cols; ++x) {
                float colour[3] = {0.0f, 0.0f, 0.0f};
                for (int p = horizontal[x].begin; p < horizontal[x].end; ++p)
                    for (int c = 0; c < 3; ++c)
                        colour[c] += share(horizontal[x], p) * sums[size_t(p) * 3 + c];
                for (int c = 0; c < 3; ++c)
                    *out++ = uint8_t(std::min(colour[c] / cell + 0.5f, 255.0f));
            }
        }
    }
}

}  // namespace d2f::scene

// Clipped blobs of a photo, and what surrounds them.
//
// Twins: d2f/light/reference.py (flood fill, and the same walk along rays in NumPy).
// Does not try: splitting lights that touch, or blobs smaller or larger than asked for, which are
// left out.

#include <algorithm>
#include <cmath>
#include <numeric>

#include "clones.h"
#include "light.h"
#include "threads.h"

namespace d2f::light {
namespace {

constexpr int kBlock = 16;  // pixels looked at in one step; nearly all blocks hold nothing clipped

D2F_CLONES bool block_has(const float *values, float clip) {
    int found = 0;
    for (int i = 0; i < 3 * kBlock; ++i) found |= values[i] >= clip;
    return found != 0;
}

inline bool clipped(const float *pixel, float clip) {
    return pixel[0] >= clip || pixel[1] >= clip || pixel[2] >= clip;
}

void runs_of_row(const float *line, int row, int cols, float clip, std::vector<Run> &runs) {
    int begin = -1;
    for (int x = 0; x < cols;) {
        if (begin < 0 && x + kBlock <= cols && !block_has(line + 3 * x, clip)) {
            x += kBlock;
            continue;
        }
        const int end = std::min(x + kBlock, cols);
        for (; x < end; ++x) {
            const bool inside = clipped(line + 3 * x, clip);
            if (inside && begin < 0) begin = x;
            if (!inside && begin >= 0) {
                runs.push_back({row, begin, x, 0});
                begin = -1;
            }
        }
    }
    if (begin >= 0) runs.push_back({row, begin, cols, 0});
}

std::vector<Run> runs_of_picture(const float *radiance, int rows, int cols, float clip,
                                 int threads) {
    std::vector<std::vector<Run>> of_row(rows);
#pragma omp parallel for schedule(static) num_threads(thread_count(threads))
    for (int y = 0; y < rows; ++y)
        runs_of_row(radiance + static_cast<size_t>(y) * cols * 3, y, cols, clip, of_row[y]);
    std::vector<Run> runs;
    for (const auto &part : of_row) runs.insert(runs.end(), part.begin(), part.end());
    return runs;
}

// Union-find whose root is the smallest index: the first run of a blob in reading order.
struct Forest {
    std::vector<int32_t> parent;
    explicit Forest(size_t count) : parent(count) { std::iota(parent.begin(), parent.end(), 0); }
    int32_t root(int32_t i) {
        while (parent[i] != i) i = parent[i] = parent[parent[i]];
        return i;
    }
    void join(int32_t a, int32_t b) {
        a = root(a);
        b = root(b);
        parent[std::max(a, b)] = std::min(a, b);
    }
};

Forest joined_runs(const std::vector<Run> &runs) {
    Forest forest(runs.size());
    size_t above = 0;
    for (size_t i = 0; i < runs.size(); ++i) {
        const Run &run = runs[i];
        while (above < i && (runs[above].row < run.row - 1 ||
                             (runs[above].row == run.row - 1 && runs[above].end < run.begin)))
            ++above;
        for (size_t j = above; j < i && runs[j].row == run.row - 1 && runs[j].begin <= run.end; ++j)
            forest.join(static_cast<int32_t>(i), static_cast<int32_t>(j));
    }
    return forest;
}

void add_run(Blob &blob, const Run &run, const float *radiance, int cols) {
    blob.left = std::min(blob.left, run.begin);
    blob.top = std::min(blob.top, run.row);
    blob.right = std::max(blob.right, run.end);
    blob.bottom = std::max(blob.bottom, run.row + 1);
    const float *pixel = radiance + (static_cast<size_t>(run.row) * cols + run.begin) * 3;
    for (int x = run.begin; x < run.end; ++x, pixel += 3) {
        blob.sum_x += x;
        blob.sum_y += run.row;
        for (int c = 0; c < 3; ++c) blob.light[c] += pixel[c];
        blob.core = std::max(blob.core, std::min({pixel[0], pixel[1], pixel[2]}));
    }
}

float median(float *values, int count) {
    std::nth_element(values, values + count / 2, values + count);
    const float upper = values[count / 2];
    return 0.5f * (*std::max_element(values, values + count / 2) + upper);
}

// Steps from the centre to the last clipped pixel of the blob's box in this direction; -1: none.
int last_inside(const float *radiance, int cols, float clip, const int32_t *box,
                const float *centre, const float *direction) {
    int last = -1;
    for (int step = 0;; ++step) {
        const int x = static_cast<int>(std::floor(centre[0] + step * direction[0] + 0.5f));
        const int y = static_cast<int>(std::floor(centre[1] + step * direction[1] + 0.5f));
        if (x < box[0] || x >= box[2] || y < box[1] || y >= box[3]) return last;
        if (clipped(radiance + (static_cast<size_t>(y) * cols + x) * 3, clip)) last = step;
    }
}

}  // namespace

Blobs find_blobs(const float *radiance, int rows, int cols, float clip, int64_t min_area,
                 int64_t max_area, int threads) {
    std::vector<Run> runs = runs_of_picture(radiance, rows, cols, clip, threads);
    Forest forest = joined_runs(runs);
    std::vector<int64_t> area(runs.size(), 0);
    for (size_t i = 0; i < runs.size(); ++i)
        area[forest.root(static_cast<int32_t>(i))] += runs[i].end - runs[i].begin;

    Blobs found;
    std::vector<int32_t> number(runs.size(), -1);
    for (size_t i = 0; i < runs.size(); ++i) {
        const int32_t root = forest.root(static_cast<int32_t>(i));
        if (area[root] < min_area || area[root] > max_area) continue;
        if (number[root] < 0) {
            number[root] = static_cast<int32_t>(found.blobs.size());
            found.blobs.push_back(
                {cols, rows, 0, 0, static_cast<int32_t>(area[root]), 0, 0, {0, 0, 0}, 0});
        }
        runs[i].blob = number[root];
        add_run(found.blobs[number[root]], runs[i], radiance, cols);
        found.runs.push_back(runs[i]);
    }
    return found;
}

void blob_surroundings(const float *radiance, int rows, int cols, float clip, const int32_t *boxes,
                       const Surroundings &where, float *medians, float *means, int threads) {
    const int n = where.direction_count, m = where.distance_count;
#pragma omp parallel for schedule(dynamic, 16) num_threads(thread_count(threads))
    for (int b = 0; b < where.blob_count; ++b) {
        const float *centre = where.centres + 2 * b;
        std::vector<int> edge(n);
        std::vector<float> values(n);
        for (int k = 0; k < n; ++k)
            edge[k] = last_inside(radiance, cols, clip, boxes + 4 * b, centre,
                                  where.directions + 2 * k);
        for (int j = 0; j < 3 * m; ++j) {
            float sum = 0;
            for (int k = 0; k < n; ++k) {
                const float *direction = where.directions + 2 * k;
                const float step = static_cast<float>(edge[k] + where.distances[j / 3]);
                const float fx = std::floor(centre[0] + step * direction[0] + 0.5f);
                const float fy = std::floor(centre[1] + step * direction[1] + 0.5f);
                const int x = std::clamp(static_cast<int>(fx), 0, cols - 1);
                const int y = std::clamp(static_cast<int>(fy), 0, rows - 1);
                values[k] = radiance[(static_cast<size_t>(y) * cols + x) * 3 + j % 3];
                sum += values[k];
            }
            means[3 * m * b + j] = sum / static_cast<float>(n);
            medians[3 * m * b + j] = median(values.data(), n);
        }
    }
}

}  // namespace d2f::light

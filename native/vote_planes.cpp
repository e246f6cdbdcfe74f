// Local linear regression of votes on colour (the guided filter of He et al. 2013, on a colour
// guide), its planes averaged over the same window. Twin: d2f/scene/reference.py, bit for bit.
// Sums over windows are whole numbers, so that sliding them loses nothing, and votes are rounded
// to 1/1024 first. Windows end at the picture's borders.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <vector>

#include "clones.h"
#include "scene.h"
#include "threads.h"

namespace d2f::scene {
namespace {

constexpr float kVoteScale = 1024.0f;
constexpr int kStripRows = 64;
constexpr int kChannels = 13;  // vote; r, g, b; vote times each; rr, rg, rb, gg, gb, bb

using Sums = std::vector<int32_t>;  // kChannels x width

D2F_CLONES void add_pixels(const int32_t *votes, const uint8_t *photo, int width, int sign,
                           int32_t *sums) {
    for (int x = 0; x < width; ++x) {
        const int32_t v = votes[x] * sign;
        const int32_t r = photo[3 * x], g = photo[3 * x + 1], b = photo[3 * x + 2];
        int32_t *s = sums + x;
        s[0] += v;
        s[width] += r * sign;
        s[2 * width] += g * sign;
        s[3 * width] += b * sign;
        s[4 * width] += v * r;
        s[5 * width] += v * g;
        s[6 * width] += v * b;
        s[7 * width] += r * r * sign;
        s[8 * width] += r * g * sign;
        s[9 * width] += r * b * sign;
        s[10 * width] += g * g * sign;
        s[11 * width] += g * b * sign;
        s[12 * width] += b * b * sign;
    }
}

// Sums of columns to sums of windows, along the row.
void slide(const int32_t *columns, int width, int radius, int32_t *windows) {
    int32_t sum = 0;
    for (int x = 0; x < std::min(radius, width); ++x) sum += columns[x];
    for (int x = 0; x < width; ++x) {
        if (x + radius < width) sum += columns[x + radius];
        if (x - radius - 1 >= 0) sum -= columns[x - radius - 1];
        windows[x] = sum;
    }
}

// Least squares with a ridge: cofactors of the symmetric 3 x 3 covariance.
D2F_CLONES void solve_row(const int32_t *s, const double *per_count, int width, double ridge,
                          float *planes) {
    for (int x = 0; x < width; ++x) {
        const double n = per_count[x];
        const double v = s[x] * n / kVoteScale;
        const double r = s[width + x] * n, g = s[2 * width + x] * n, b = s[3 * width + x] * n;
        const double vr = s[4 * width + x] * n / kVoteScale - v * r;
        const double vg = s[5 * width + x] * n / kVoteScale - v * g;
        const double vb = s[6 * width + x] * n / kVoteScale - v * b;
        const double rr = s[7 * width + x] * n - r * r + ridge;
        const double rg = s[8 * width + x] * n - r * g;
        const double rb = s[9 * width + x] * n - r * b;
        const double gg = s[10 * width + x] * n - g * g + ridge;
        const double gb = s[11 * width + x] * n - g * b;
        const double bb = s[12 * width + x] * n - b * b + ridge;
        const double crr = gg * bb - gb * gb, crg = rb * gb - rg * bb, crb = rg * gb - rb * gg;
        const double cgg = rr * bb - rb * rb, cgb = rg * rb - rr * gb, cbb = rr * gg - rg * rg;
        const double det = rr * crr + rg * crg + rb * crb;
        const double ar = (crr * vr + crg * vg + crb * vb) / det;
        const double ag = (crg * vr + cgg * vg + cgb * vb) / det;
        const double ab = (crb * vr + cgb * vg + cbb * vb) / det;
        planes[4 * x] = float(ar);
        planes[4 * x + 1] = float(ag);
        planes[4 * x + 2] = float(ab);
        planes[4 * x + 3] = float(v - (ar * r + ag * g + ab * b));
    }
}

int window_begin(int at, int radius) { return std::max(at - radius, 0); }
int window_end(int at, int radius, int size) { return std::min(at + radius + 1, size); }

void regress_strip(const int32_t *votes, const uint8_t *photo, Size size, int radius, double ridge,
                   int begin, int end, float *planes) {
    const int width = size.cols;
    Sums columns(size_t(kChannels) * width), windows(columns.size());
    std::vector<double> per_count(width);
    const auto add = [&](int y, int sign) {
        add_pixels(votes + size_t(y) * width, photo + size_t(y) * width * 3, width, sign,
                   columns.data());
    };
    for (int y = window_begin(begin, radius); y < window_end(begin, radius, size.rows); ++y)
        add(y, 1);
    for (int y = begin; y < end; ++y) {
        if (y > begin && y + radius < size.rows) add(y + radius, 1);
        if (y > begin && y - radius - 1 >= 0) add(y - radius - 1, -1);
        for (int c = 0; c < kChannels; ++c)
            slide(columns.data() + size_t(c) * width, width, radius,
                  windows.data() + size_t(c) * width);
        const int rows = window_end(y, radius, size.rows) - window_begin(y, radius);
        for (int x = 0; x < width; ++x)
            per_count[x] =
                1.0 / (rows * (window_end(x, radius, width) - window_begin(x, radius)));
        solve_row(windows.data(), per_count.data(), width, ridge,
                  planes + size_t(y) * width * 4);
    }
}

// Means over the windows of a row, by prefix sums.
void average_row(const float *planes, int width, int radius, double *prefix, float *means) {
    for (int c = 0; c < 4; ++c) prefix[c] = 0.0;
    for (int i = 0; i < 4 * width; ++i) prefix[i + 4] = prefix[i] + planes[i];
    for (int x = 0; x < width; ++x) {
        const int begin = window_begin(x, radius), end = window_end(x, radius, width);
        for (int c = 0; c < 4; ++c)
            means[4 * x + c] =
                float((prefix[4 * end + c] - prefix[4 * begin + c]) / (end - begin));
    }
}

D2F_CLONES void add_to(const float *row, int count, float *sum) {
    for (int i = 0; i < count; ++i) sum[i] += row[i];
}

D2F_CLONES void divide(float *row, int count, float by) {
    for (int i = 0; i < count; ++i) row[i] /= by;
}

}  // namespace

void vote_planes(const float *votes, const uint8_t *photo, Size size, int radius, double ridge,
                 float *planes, int threads) {
    threads = thread_count(threads);
    const size_t count = size_t(size.rows) * size.cols;
    const int strips = (size.rows + kStripRows - 1) / kStripRows, line = 4 * size.cols;
    std::vector<int32_t> whole_votes(count);
    std::vector<float> raw(count * 4), along(count * 4);
#pragma omp parallel num_threads(threads)
    {
        std::vector<double> prefix(line + 4);
#pragma omp for schedule(static)
        for (int y = 0; y < size.rows; ++y)
            for (size_t i = size_t(y) * size.cols; i < size_t(y + 1) * size.cols; ++i)
                whole_votes[i] = int32_t(std::nearbyint(votes[i] * kVoteScale));
#pragma omp for schedule(dynamic)
        for (int strip = 0; strip < strips; ++strip)
            regress_strip(whole_votes.data(), photo, size, radius, ridge, strip * kStripRows,
                          std::min((strip + 1) * kStripRows, size.rows), raw.data());
#pragma omp for schedule(static)
        for (int y = 0; y < size.rows; ++y)
            average_row(raw.data() + size_t(y) * line, size.cols, radius, prefix.data(),
                        along.data() + size_t(y) * line);
#pragma omp for schedule(static)
        for (int y = 0; y < size.rows; ++y) {
            float *out = planes + size_t(y) * line;
            const int begin = window_begin(y, radius), end = window_end(y, radius, size.rows);
            std::memset(out, 0, sizeof(float) * line);
            for (int k = begin; k < end; ++k) add_to(along.data() + size_t(k) * line, line, out);
            divide(out, line, float(end - begin));
        }
    }
}

}  // namespace d2f::scene

// Two-sided joint bilateral mode: a small disparity map at the size of a photo, steps where the
// photo has its edges, nothing between near and far. Twin: d2f/scene/reference.py, bit for bit.
// Works cell by cell: all pixels nearest to one sample share its window, so that the window's
// samples are scalars and the pixels are lanes. Does not find edges that the small map lacks.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "clones.h"
#include "scene.h"
#include "threads.h"

namespace d2f::scene {
namespace {

constexpr int kLanes = 256;          // pixels of a cell voted on at once
constexpr int kMaxRadius = 3;
constexpr int kStripRows = 48;      // rows of the photo per task, about
constexpr float kSurenessFloor = 0.02f;
constexpr float kTiny = 1e-30f;

// Where the pixels of one axis lie among the samples.
struct Axis {
    std::vector<int> nearest, below, above;  // per pixel
    std::vector<float> fraction;             // of the way from below to above
    std::vector<int> begin;                  // per sample: its first pixel; one more at the end
    std::vector<float> weight;               // per pixel: 2 radius + 1 spatial weights

    Axis(int pixels, int samples, int radius)
        : nearest(pixels), below(pixels), above(pixels), fraction(pixels), begin(samples + 1),
          weight(size_t(pixels) * (2 * radius + 1)) {
        const double reach = radius + 1;
        for (int p = 0; p < pixels; ++p) {
            const double place = (p + 0.5) * samples / pixels - 0.5;
            const double inside = std::clamp(place, 0.0, double(samples - 1));
            nearest[p] = std::clamp(int(std::nearbyint(place)), 0, samples - 1);
            below[p] = int(inside);
            above[p] = std::min(below[p] + 1, samples - 1);
            fraction[p] = float(inside - below[p]);
            for (int d = -radius; d <= radius; ++d) {
                const double off = (nearest[p] + d - place) / reach;
                const double bell = std::max(1.0 - off * off, 0.0);
                weight[size_t(p) * (2 * radius + 1) + d + radius] = float(bell * bell);
            }
        }
        int p = 0;
        for (int s = 0; s <= samples; ++s) {
            while (p < pixels && nearest[p] < s) ++p;
            begin[s] = p;
        }
    }
};

struct Window {
    std::vector<float> low, high, sureness;  // per sample: its window's range; how little mixed it is
};

Window windows(const float *disparity, int rows, int cols, int radius, int threads) {
    const size_t count = size_t(rows) * cols;
    Window window{std::vector<float>(count), std::vector<float>(count), std::vector<float>(count)};
    std::vector<float> low(count), high(count);
#pragma omp parallel num_threads(threads)
    {
#pragma omp for schedule(static)
        for (int y = 0; y < rows; ++y)
            for (int x = 0; x < cols; ++x) {
                const float *row = disparity + size_t(y) * cols;
                float least = row[x], most = row[x];
                for (int i = std::max(x - radius, 0); i <= std::min(x + radius, cols - 1); ++i) {
                    least = std::min(least, row[i]);
                    most = std::max(most, row[i]);
                }
                low[size_t(y) * cols + x] = least;
                high[size_t(y) * cols + x] = most;
            }
#pragma omp for schedule(static)
        for (int y = 0; y < rows; ++y)
            for (int x = 0; x < cols; ++x) {
                const size_t here = size_t(y) * cols + x;
                float least = low[here], most = high[here];
                for (int i = std::max(y - radius, 0); i <= std::min(y + radius, rows - 1); ++i) {
                    least = std::min(least, low[size_t(i) * cols + x]);
                    most = std::max(most, high[size_t(i) * cols + x]);
                }
                const float range = std::max(most - least, 1e-6f);
                const float off = 2.0f * ((disparity[here] - least) / range) - 1.0f;
                window.low[here] = least;
                window.high[here] = most;
                window.sureness[here] = off * off + kSurenessFloor;
            }
    }
    return window;
}

struct Sample {
    float red, green, blue, disparity, sureness;
    int dy, dx;
    bool near;
};

// Pixels of one cell as lanes, and the sums of their votes.
struct Lanes {
    alignas(64) float red[kLanes], green[kLanes], blue[kLanes];
    alignas(64) float row_weight[2 * kMaxRadius + 1][kLanes], col_weight[2 * kMaxRadius + 1][kLanes];
    alignas(64) float near_weight[kLanes], near_sum[kLanes], far_weight[kLanes], far_sum[kLanes];
    int count = 0;
};

D2F_CLONES void vote(Lanes &lanes, const Sample *samples, int sample_count, float per_colour) {
    const int n = lanes.count;
    for (int i = 0; i < n; ++i)
        lanes.near_weight[i] = lanes.near_sum[i] = lanes.far_weight[i] = lanes.far_sum[i] = 0.0f;
    for (int k = 0; k < sample_count; ++k) {
        const Sample s = samples[k];
        const float *row_weight = lanes.row_weight[s.dy], *col_weight = lanes.col_weight[s.dx];
        float *weight = s.near ? lanes.near_weight : lanes.far_weight;
        float *sum = s.near ? lanes.near_sum : lanes.far_sum;
        for (int i = 0; i < n; ++i) {
            const float r = lanes.red[i] - s.red, g = lanes.green[i] - s.green,
                        b = lanes.blue[i] - s.blue;
            const float tail = 1.0f + (r * r + g * g + b * b) * per_colour;
            const float w = row_weight[i] * col_weight[i] * s.sureness / (tail * tail);
            weight[i] += w;
            sum[i] += w * s.disparity;
        }
    }
}

struct Strip {  // rows top <= y < bottom of the photo, with what was found for each pixel
    int top, bottom, width;
    std::vector<float> votes, near, far;
    std::vector<uint8_t> banded;

    Strip(int top, int bottom, int width)
        : top(top), bottom(bottom), width(width), votes(size_t(bottom - top) * width),
          near(votes.size()), far(votes.size()), banded(votes.size()) {}
    size_t at(int y, int x) const { return size_t(y - top) * width + x; }
};

class Enlargement {
public:
    Enlargement(const float *disparity, const float *guide, int rows, int cols,
                const uint8_t *photo, int height, int width, const ModeOptions &options,
                int threads)
        : disparity_(disparity), guide_(guide), photo_(photo), rows_(rows), cols_(cols),
          height_(height), width_(width), options_(options),
          vertical_(height, rows, options.radius), horizontal_(width, cols, options.radius),
          window_(windows(disparity, rows, cols, options.radius, threads)),
          per_colour_(1.0f / (4.0f * options.colour_sigma * options.colour_sigma)) {}

    int strip_count() const { return (height_ + kStripRows - 1) / kStripRows; }

    void strip(int index, float *enlarged) const {
        const int begin = index * kStripRows, end = std::min(begin + kStripRows, height_);
        Strip strip(std::max(begin - 1, 0), std::min(end + 1, height_), width_);
        for (int row = vertical_.nearest[strip.top]; row <= vertical_.nearest[strip.bottom - 1]; ++row)
            for (int col = 0; col < cols_; ++col) {
                const size_t here = size_t(row) * cols_ + col;
                if (window_.high[here] - window_.low[here] > options_.band_step)
                    cell(row, col, strip);
            }
        std::vector<float> line(cols_);
        for (int y = begin; y < end; ++y) {
            bilinear_row(y, line.data(), enlarged + size_t(y) * width_);
            decide_row(y, strip, enlarged + size_t(y) * width_);
        }
    }

private:
    void bilinear_row(int y, float *line, float *out) const {
        const float *below = disparity_ + size_t(vertical_.below[y]) * cols_;
        const float *above = disparity_ + size_t(vertical_.above[y]) * cols_;
        const float f = vertical_.fraction[y];
        for (int x = 0; x < cols_; ++x) line[x] = below[x] + (above[x] - below[x]) * f;
        for (int x = 0; x < width_; ++x) {
            const float left = line[horizontal_.below[x]], right = line[horizontal_.above[x]];
            out[x] = left + (right - left) * horizontal_.fraction[x];
        }
    }

    int gather_samples(int row, int col, Sample *samples) const {
        const size_t here = size_t(row) * cols_ + col;
        const float middle = 0.5f * (window_.low[here] + window_.high[here]);
        const int radius = options_.radius;
        int count = 0;
        for (int dy = -radius; dy <= radius; ++dy)
            for (int dx = -radius; dx <= radius; ++dx) {
                const size_t k = size_t(std::clamp(row + dy, 0, rows_ - 1)) * cols_ +
                                 std::clamp(col + dx, 0, cols_ - 1);
                samples[count++] = {guide_[3 * k] * 255.0f, guide_[3 * k + 1] * 255.0f,
                                    guide_[3 * k + 2] * 255.0f, disparity_[k],
                                    window_.sureness[k], dy + radius, dx + radius,
                                    disparity_[k] > middle};
            }
        return count;
    }

    void cell(int row, int col, Strip &strip) const {
        Sample samples[(2 * kMaxRadius + 1) * (2 * kMaxRadius + 1)];
        const int count = gather_samples(row, col, samples);
        const int top = std::max(vertical_.begin[row], strip.top);
        const int bottom = std::min(vertical_.begin[row + 1], strip.bottom);
        Lanes lanes;
        size_t places[kLanes];
        for (int y = top; y < bottom; ++y)
            for (int x = horizontal_.begin[col]; x < horizontal_.begin[col + 1]; ++x) {
                places[lanes.count] = strip.at(y, x);
                fill_lane(lanes, y, x);
                if (lanes.count == kLanes) flush(lanes, places, samples, count, row, col, strip);
            }
        if (lanes.count > 0) flush(lanes, places, samples, count, row, col, strip);
    }

    void fill_lane(Lanes &lanes, int y, int x) const {
        const int i = lanes.count++, taps = 2 * options_.radius + 1;
        const uint8_t *pixel = photo_ + 3 * (size_t(y) * width_ + x);
        lanes.red[i] = pixel[0];
        lanes.green[i] = pixel[1];
        lanes.blue[i] = pixel[2];
        for (int d = 0; d < taps; ++d) {
            lanes.row_weight[d][i] = vertical_.weight[size_t(y) * taps + d];
            lanes.col_weight[d][i] = horizontal_.weight[size_t(x) * taps + d];
        }
    }

    void flush(Lanes &lanes, const size_t *places, const Sample *samples, int sample_count,
               int row, int col, Strip &strip) const {
        vote(lanes, samples, sample_count, per_colour_);
        const size_t here = size_t(row) * cols_ + col;
        const float low = window_.low[here], high = window_.high[here];
        const float room = options_.keep * (high - low);
        for (int i = 0; i < lanes.count; ++i) {
            const float near = lanes.near_weight[i], far = lanes.far_weight[i];
            const size_t k = places[i];
            strip.banded[k] = 1;
            strip.votes[k] = (near - far) / (near + far + kTiny);
            strip.near[k] = std::max(lanes.near_sum[i] / (near + kTiny), high - room);
            strip.far[k] = std::min(lanes.far_sum[i] / (far + kTiny), low + room);
        }
        lanes.count = 0;
    }

    // The votes of 3 x 3 pixels count together: a single odd pixel is no side of its own.
    void decide_row(int y, const Strip &strip, float *out) const {
        for (int x = 0; x < width_; ++x) {
            const size_t here = strip.at(y, x);
            if (!strip.banded[here]) continue;
            float votes = 0.0f;
            for (int j = std::max(y - 1, 0); j <= std::min(y + 1, height_ - 1); ++j)
                for (int i = std::max(x - 1, 0); i <= std::min(x + 1, width_ - 1); ++i)
                    votes += strip.votes[strip.at(j, i)];
            out[x] = votes > 0.0f ? strip.near[here] : strip.far[here];
        }
    }

    const float *disparity_, *guide_;
    const uint8_t *photo_;
    int rows_, cols_, height_, width_;
    ModeOptions options_;
    Axis vertical_, horizontal_;
    Window window_;
    float per_colour_;
};

}  // namespace

void two_sided_mode(const float *disparity, const float *guide, int rows, int cols,
                    const uint8_t *photo, int height, int width, const ModeOptions &options,
                    float *enlarged, int threads) {
    threads = thread_count(threads);
    const Enlargement enlargement(disparity, guide, rows, cols, photo, height, width, options,
                                  threads);
#pragma omp parallel for schedule(dynamic) num_threads(threads)
    for (int index = 0; index < enlargement.strip_count(); ++index)
        enlargement.strip(index, enlarged);
}

}  // namespace d2f::scene

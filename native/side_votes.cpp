// Joint bilateral votes: is a pixel's colour that of the near or of the far samples around it?
// Twin: d2f/scene/reference.py, bit for bit. All pixels of a row that share their nearest sample
// share its 3 x 3 window, so that the samples are scalars and the pixels are lanes.

#include <algorithm>
#include <cstddef>
#include <vector>

#include "clones.h"
#include "sample_axis.h"
#include "scene.h"
#include "threads.h"

namespace d2f::scene {
namespace {

constexpr int kTaps = 3;  // samples per axis that vote
constexpr int kLanes = 256;
constexpr float kTiny = 1e-30f;

// How much each of the three samples around a pixel's nearest one counts: (1 - (d / 2)^2)^2.
std::vector<float> weights_by_distance(const SampleAxis &axis) {
    std::vector<float> weights;
    for (size_t p = 0; p < axis.place.size(); ++p)
        for (int step = -1; step <= 1; ++step) {
            const double off = (axis.nearest[p] + step - axis.place[p]) / 2.0;
            const double bell = std::max(1.0 - off * off, 0.0);
            weights.push_back(float(bell * bell));
        }
    return weights;
}

std::vector<int> first_pixels(const SampleAxis &axis, int samples) {
    std::vector<int> first(samples + 1);
    int p = 0;
    for (int s = 0; s <= samples; ++s) {
        while (p < int(axis.nearest.size()) && axis.nearest[p] < s) ++p;
        first[s] = p;
    }
    return first;
}

struct Sample {
    float red, green, blue, sureness;
    int dy, dx;
    bool near;
};

// Pixels of one cell as lanes, and their votes.
struct Lanes {
    alignas(64) float red[kLanes], green[kLanes], blue[kLanes];
    alignas(64) float row_weight[kTaps][kLanes], col_weight[kTaps][kLanes];
    alignas(64) float near[kLanes], far[kLanes];
    float *place[kLanes];
    int count = 0;
};

D2F_CLONES void count_votes(Lanes &lanes, const Sample *samples, int sample_count,
                            float per_colour) {
    const int n = lanes.count;
    for (int i = 0; i < n; ++i) lanes.near[i] = lanes.far[i] = 0.0f;
    for (int k = 0; k < sample_count; ++k) {
        const Sample s = samples[k];
        const float *row_weight = lanes.row_weight[s.dy], *col_weight = lanes.col_weight[s.dx];
        float *weight = s.near ? lanes.near : lanes.far;
        for (int i = 0; i < n; ++i) {
            const float r = lanes.red[i] - s.red, g = lanes.green[i] - s.green,
                        b = lanes.blue[i] - s.blue;
            const float tail = 1.0f + (r * r + g * g + b * b) * per_colour;
            weight[i] += row_weight[i] * col_weight[i] * s.sureness / (tail * tail);
        }
    }
}

class Voting {
public:
    Voting(const float *disparity, const float *middle, const float *sureness, const float *guide,
           Size size, const uint8_t *photo, Size photo_size, float colour_sigma, float *votes)
        : disparity_(disparity), middle_(middle), sureness_(sureness), guide_(guide), size_(size),
          photo_(photo), width_(photo_size.cols), votes_(votes),
          vertical_(photo_size.rows, size.rows), horizontal_(photo_size.cols, size.cols),
          row_weights_(weights_by_distance(vertical_)),
          col_weights_(weights_by_distance(horizontal_)),
          first_row_(first_pixels(vertical_, size.rows)),
          first_col_(first_pixels(horizontal_, size.cols)),
          per_colour_(1.0f / (4.0f * colour_sigma * colour_sigma)) {}

    void cells_row(int row) const {
        Lanes lanes;
        for (int col = 0; col < size_.cols; ++col) cell(row, col, lanes);
    }

private:
    int gather_samples(int row, int col, Sample *samples) const {
        const float middle = middle_[size_t(row) * size_.cols + col];
        int count = 0;
        for (int dy = -1; dy <= 1; ++dy)
            for (int dx = -1; dx <= 1; ++dx) {
                const size_t k = size_t(std::clamp(row + dy, 0, size_.rows - 1)) * size_.cols +
                                 std::clamp(col + dx, 0, size_.cols - 1);
                samples[count++] = {guide_[3 * k] * 255.0f,     guide_[3 * k + 1] * 255.0f,
                                    guide_[3 * k + 2] * 255.0f, sureness_[k],
                                    dy + 1,                     dx + 1,
                                    disparity_[k] > middle};
            }
        return count;
    }

    void cell(int row, int col, Lanes &lanes) const {
        Sample samples[kTaps * kTaps];
        const int count = gather_samples(row, col, samples);
        for (int y = first_row_[row]; y < first_row_[row + 1]; ++y)
            for (int x = first_col_[col]; x < first_col_[col + 1]; ++x) {
                fill_lane(lanes, y, x);
                if (lanes.count == kLanes) flush(lanes, samples, count);
            }
        flush(lanes, samples, count);
    }

    void fill_lane(Lanes &lanes, int y, int x) const {
        const int i = lanes.count++;
        const size_t here = size_t(y) * width_ + x;
        lanes.place[i] = votes_ + here;
        lanes.red[i] = photo_[3 * here];
        lanes.green[i] = photo_[3 * here + 1];
        lanes.blue[i] = photo_[3 * here + 2];
        for (int d = 0; d < kTaps; ++d) {
            lanes.row_weight[d][i] = row_weights_[size_t(y) * kTaps + d];
            lanes.col_weight[d][i] = col_weights_[size_t(x) * kTaps + d];
        }
    }

    void flush(Lanes &lanes, const Sample *samples, int sample_count) const {
        count_votes(lanes, samples, sample_count, per_colour_);
        for (int i = 0; i < lanes.count; ++i)
            *lanes.place[i] =
                (lanes.near[i] - lanes.far[i]) / (lanes.near[i] + lanes.far[i] + kTiny);
        lanes.count = 0;
    }

    const float *disparity_, *middle_, *sureness_, *guide_;
    Size size_;
    const uint8_t *photo_;
    int width_;
    float *votes_;
    SampleAxis vertical_, horizontal_;
    std::vector<float> row_weights_, col_weights_;
    std::vector<int> first_row_, first_col_;
    float per_colour_;
};

}  // namespace

void side_votes(const float *disparity, const float *middle, const float *sureness,
                const float *guide, Size size, const uint8_t *photo, Size photo_size,
                float colour_sigma, float *votes, int threads) {
    const Voting voting(disparity, middle, sureness, guide, size, photo, photo_size, colour_sigma,
                        votes);
#pragma omp parallel for schedule(dynamic) num_threads(thread_count(threads))
    for (int row = 0; row < size.rows; ++row) voting.cells_row(row);
}

}  // namespace d2f::scene

// The two sides of every step in a small disparity map. Twin: d2f/scene/reference.py, bit for bit.
// A step is a large range within 3 x 3 samples whose surroundings are mostly flatter; a slope, which
// is as steep all around, is none. Does not look at the photo.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "scene.h"
#include "threads.h"

namespace d2f::scene {
namespace {

constexpr int kReach = 2;                // samples to each side that tell the sides' values
constexpr double kBellReach = 5.0;       // of the weights by distance: nearly even over the window
constexpr float kSurenessFloor = 0.02f;  // a sample halfway between still counts this much
constexpr float kTiny = 1e-30f;           // stands for a weight that is none
constexpr float kKeep = 0.3f;            // of the range: how far a side may lie off its end
constexpr int kSlopeReach = 3;           // samples around a step that must be flatter
constexpr float kSteep = 0.5f;           // of the largest gradient: what is as steep as the step
constexpr float kSlopeShare = 0.9f, kStepShare = 0.7f;  // steep share of a slope, of a step

class SidesOfMap {
public:
    SidesOfMap(const float *disparity, Size size, float band_step, float faint_step, float *sides)
        : disparity_(disparity), size_(size), count_(size_t(size.rows) * size.cols),
          band_step_(band_step), faint_step_(faint_step), near_(sides), far_(near_ + count_),
          step_(far_ + count_), faint_(step_ + count_), middle_(faint_ + count_),
          sureness_(middle_ + count_), low_(count_), high_(count_), gradient_(count_) {}

    void measure_row(int y) {
        for (int x = 0; x < size_.cols; ++x) {
            const size_t here = index(y, x);
            float low = disparity_[here], high = low;
            each(y, x, kReach, [&](size_t k, int, int) {
                low = std::min(low, disparity_[k]);
                high = std::max(high, disparity_[k]);
            });
            const float off =
                2.0f * ((disparity_[here] - low) / std::max(high - low, 1e-6f)) - 1.0f;
            low_[here] = low;
            high_[here] = high;
            middle_[here] = 0.5f * (low + high);
            sureness_[here] = off * off + kSurenessFloor;
            gradient_[here] = std::max(
                change(disparity_ + size_t(y) * size_.cols, x, size_.cols, 1),
                change(disparity_ + x, y, size_.rows, size_.cols));
        }
    }

    void sides_row(int y) {
        for (int x = 0; x < size_.cols; ++x) {
            const size_t here = index(y, x);
            near_[here] = far_[here] = disparity_[here];
            step_[here] = faint_[here] = 0.0f;
            if (high_[here] > low_[here]) {
                tell_sides(y, x);
                tell_steps(y, x);
            }
        }
    }

private:
    size_t index(int y, int x) const {
        return size_t(std::clamp(y, 0, size_.rows - 1)) * size_.cols +
               std::clamp(x, 0, size_.cols - 1);
    }

    // Difference of both neighbours along a line of samples; the line goes on straight beyond its
    // ends, so that a slope is as steep there as within.
    static float change(const float *line, int at, int count, size_t stride) {
        if (count == 1) return 0.0f;
        const auto sample = [&](int i) {
            if (i < 0) return 2.0f * line[0] - line[stride];
            if (i >= count) return 2.0f * line[(count - 1) * stride] - line[(count - 2) * stride];
            return line[i * stride];
        };
        return std::fabs(sample(at + 1) - sample(at - 1));
    }

    template <class Visit> void each(int y, int x, int reach, Visit visit) const {
        for (int dy = -reach; dy <= reach; ++dy)
            for (int dx = -reach; dx <= reach; ++dx) visit(index(y + dy, x + dx), dy, dx);
    }

    static float bell(int step) {
        const double off = step / kBellReach, bell = 1.0 - off * off;
        return float(bell * bell);
    }

    void tell_sides(int y, int x) {
        const size_t here = index(y, x);
        float weight[2] = {0.0f, 0.0f}, sum[2] = {0.0f, 0.0f};
        each(y, x, kReach, [&](size_t k, int dy, int dx) {
            const int side = disparity_[k] > middle_[here] ? 0 : 1;
            const float w = bell(dy) * bell(dx) * sureness_[k];
            weight[side] += w;
            sum[side] += w * disparity_[k];
        });
        const float room = kKeep * (high_[here] - low_[here]);
        // Between neighbouring floats the middle may be the higher one: nothing is beyond it then.
        near_[here] = std::max(sum[0] / std::max(weight[0], kTiny), high_[here] - room);
        far_[here] = std::min(sum[1] / std::max(weight[1], kTiny), low_[here] + room);
    }

    static float height(float range, float step) {
        return std::clamp(2.0f * range / step - 1.0f, 0.0f, 1.0f);
    }

    void tell_steps(int y, int x) {
        const size_t here = index(y, x);
        float low = disparity_[here], high = low, steepest = 0.0f;
        each(y, x, 1, [&](size_t k, int, int) {
            low = std::min(low, disparity_[k]);
            high = std::max(high, disparity_[k]);
            steepest = std::max(steepest, gradient_[k]);
        });
        const float faint = height(high - low, faint_step_);
        if (faint == 0.0f) return;
        int steep = 0;
        each(y, x, kSlopeReach,
             [&](size_t k, int, int) { steep += gradient_[k] > kSteep * steepest; });
        constexpr float kWindow = (2 * kSlopeReach + 1) * (2 * kSlopeReach + 1);
        const float share = float(steep) / kWindow;
        const float flat = std::clamp((kSlopeShare - share) / (kSlopeShare - kStepShare), 0.0f, 1.0f);
        step_[here] = height(high - low, band_step_) * flat;
        faint_[here] = faint * flat;
    }

    const float *disparity_;
    Size size_;
    size_t count_;
    float band_step_, faint_step_;
    float *near_, *far_, *step_, *faint_, *middle_, *sureness_;
    std::vector<float> low_, high_, gradient_;
};

}  // namespace

void two_sides(const float *disparity, Size size, float band_step, float faint_step, float *sides,
               int threads) {
    SidesOfMap map(disparity, size, std::max(band_step, 1e-6f), std::max(faint_step, 1e-6f), sides);
#pragma omp parallel num_threads(thread_count(threads))
    {
#pragma omp for schedule(static)
        for (int y = 0; y < size.rows; ++y) map.measure_row(y);
#pragma omp for schedule(static)
        for (int y = 0; y < size.rows; ++y) map.sides_row(y);
    }
}

}  // namespace d2f::scene

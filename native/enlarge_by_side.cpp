// A small disparity map at the size of a photo: straight lines between the samples, and at steps the
// near or the far side, whichever the plane of votes gives the pixel's colour.
// Twin: d2f/scene/reference.py, bit for bit.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "clones.h"
#include "sample_axis.h"
#include "scene.h"
#include "threads.h"

namespace d2f::scene {
namespace {

enum { kDisparity, kNear, kFar, kStep, kFaint, kMaps };

constexpr float kDoubtful = 0.3f, kPerSure = 5.0f;  // votes of .3 leave a faint step, .5 take it

D2F_CLONES void between_rows(const float *below, const float *above, float fraction, int count,
                             float *line) {
    for (int i = 0; i < count; ++i) line[i] = below[i] + (above[i] - below[i]) * fraction;
}

inline float between(float below, float above, float fraction) {
    return below + (above - below) * fraction;
}

D2F_CLONES void straight_row(const float *line, const int *below, const int *above,
                             const float *fraction, int width, float *out) {
    for (int x = 0; x < width; ++x) {
        const float left = line[below[x]], right = line[above[x]];
        out[x] = left + (right - left) * fraction[x];
    }
}

struct Lines {  // the maps and planes between the two rows around a row of the photo
    std::vector<float> maps[kMaps], planes;

    Lines(int cols, int plane_cols) : planes(size_t(plane_cols) * 4) {
        for (auto &map : maps) map.resize(cols);
    }
};

class Enlargement {
public:
    Enlargement(const float *disparity, const float *sides, Size size, const float *planes,
                Size planes_size, const uint8_t *photo, Size photo_size, float *enlarged)
        : maps_{disparity, sides, sides + size_t(size.rows) * size.cols,
                sides + 2 * size_t(size.rows) * size.cols,
                sides + 3 * size_t(size.rows) * size.cols},
          planes_(planes), photo_(photo), enlarged_(enlarged), cols_(size.cols),
          plane_cols_(planes_size.cols), width_(photo_size.cols),
          vertical_(photo_size.rows, size.rows), horizontal_(photo_size.cols, size.cols),
          plane_vertical_(photo_size.rows, planes_size.rows),
          plane_horizontal_(photo_size.cols, planes_size.cols) {}

    Lines lines() const { return Lines(cols_, plane_cols_); }

    void row(int y, Lines &lines) const {
        for (int m = 0; m < kMaps; ++m)
            between_rows(maps_[m] + size_t(vertical_.below[y]) * cols_,
                         maps_[m] + size_t(vertical_.above[y]) * cols_, vertical_.fraction[y],
                         cols_, lines.maps[m].data());
        float *out = enlarged_ + size_t(y) * width_;
        straight_row(lines.maps[kDisparity].data(), horizontal_.below.data(),
                     horizontal_.above.data(), horizontal_.fraction.data(), width_, out);
        bool planes_ready = false;
        for (int x = 0; x < width_; ++x) {
            const float faint = at(lines.maps[kFaint], x);
            if (faint == 0.0f) continue;
            if (!planes_ready) prepare_planes(y, lines);
            planes_ready = true;
            const float vote = vote_of(y, x, lines);
            const float sure = std::clamp((std::fabs(vote) - kDoubtful) * kPerSure, 0.0f, 1.0f);
            const float step = std::max(at(lines.maps[kStep], x), faint * sure);
            const float side = at(lines.maps[vote > 0.0f ? kNear : kFar], x);
            out[x] = out[x] + step * (side - out[x]);
        }
    }

private:
    float at(const std::vector<float> &line, int x) const {
        return between(line[horizontal_.below[x]], line[horizontal_.above[x]],
                       horizontal_.fraction[x]);
    }

    void prepare_planes(int y, Lines &lines) const {
        const size_t row = size_t(plane_cols_) * 4;
        between_rows(planes_ + plane_vertical_.below[y] * row,
                     planes_ + plane_vertical_.above[y] * row, plane_vertical_.fraction[y],
                     int(row), lines.planes.data());
    }

    float vote_of(int y, int x, const Lines &lines) const {
        const float *left = lines.planes.data() + size_t(plane_horizontal_.below[x]) * 4;
        const float *right = lines.planes.data() + size_t(plane_horizontal_.above[x]) * 4;
        const float fraction = plane_horizontal_.fraction[x];
        const uint8_t *pixel = photo_ + 3 * (size_t(y) * width_ + x);
        float vote = between(left[0], right[0], fraction) * float(pixel[0]);
        vote += between(left[1], right[1], fraction) * float(pixel[1]);
        vote += between(left[2], right[2], fraction) * float(pixel[2]);
        vote += between(left[3], right[3], fraction);
        return vote;
    }

    const float *maps_[kMaps], *planes_;
    const uint8_t *photo_;
    float *enlarged_;
    int cols_, plane_cols_, width_;
    SampleAxis vertical_, horizontal_, plane_vertical_, plane_horizontal_;
};

}  // namespace

void enlarge_by_side(const float *disparity, const float *sides, Size size, const float *planes,
                     Size planes_size, const uint8_t *photo, Size photo_size, float *enlarged,
                     int threads) {
    const Enlargement enlargement(disparity, sides, size, planes, planes_size, photo, photo_size,
                                  enlarged);
#pragma omp parallel num_threads(thread_count(threads))
    {
        Lines lines = enlargement.lines();
#pragma omp for schedule(static, 16)
        for (int y = 0; y < photo_size.rows; ++y) enlargement.row(y, lines);
    }
}

}  // namespace d2f::scene

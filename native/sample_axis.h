// Where the pixels of a larger picture lie among the samples of a smaller one, along one axis.
// Centres of pixels lie at + 0.5; both pictures cover the same ground.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

namespace d2f::scene {

struct SampleAxis {
    std::vector<double> place;               // per pixel: its centre, in samples
    std::vector<int> nearest, below, above;  // per pixel: samples
    std::vector<float> fraction;             // per pixel: of the way from below to above

    SampleAxis(int pixels, int samples)
        : place(pixels), nearest(pixels), below(pixels), above(pixels), fraction(pixels) {
        for (int p = 0; p < pixels; ++p) {
            place[p] = (p + 0.5) * samples / pixels - 0.5;
            const double inside = std::clamp(place[p], 0.0, double(samples - 1));
            nearest[p] = std::clamp(int(std::nearbyint(place[p])), 0, samples - 1);
            below[p] = int(inside);
            above[p] = std::min(below[p] + 1, samples - 1);
            fraction[p] = float(inside - below[p]);
        }
    }
};

}  // namespace d2f::scene

// One value of linear light to its code, and a code to its integer: inlined into every kernel that
// writes codes, so that all of them agree to the bit.
#pragma once

#include <cmath>

namespace d2f::light {

constexpr int kEncodeLast = 32768;

// The code 0..1 of light clipped to 0..1; NaN counts as 0.
inline float encode_one(float light, const float *inverse) {
    float within = light > 0.0f ? light : 0.0f;
    within = within < 1.0f ? within : 1.0f;
    const float position = std::sqrt(within) * static_cast<float>(kEncodeLast);
    int below = static_cast<int>(position);
    below = below < kEncodeLast ? below : kEncodeLast - 1;
    const float low = inverse[below];
    return low + (inverse[below + 1] - low) * (position - static_cast<float>(below));
}

// Adding and taking away 1.5 * 2^23 rounds to the nearest integer, halves to even, like rint.
inline int rounded(float code) {
    constexpr float kRounder = 12582912.0f;
    return static_cast<int>((code + kRounder) - kRounder);
}

}  // namespace d2f::light

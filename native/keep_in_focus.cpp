// The photo's own codes where it is in focus, the blurred ones elsewhere.
//
// Twin: d2f/fusion/reference.py. Does not try: hiding a difference between the two pictures;
// where the mask falls they must nearly agree.

#include <algorithm>
#include <type_traits>

#include "fusion.h"
#include "threads.h"

namespace d2f::fusion {
namespace {

constexpr size_t kChunk = 1 << 13;  // pixels per task

template <class Code> Code mixed(Code original, Code blurred, float weight) {
    const float from = static_cast<float>(blurred), to = static_cast<float>(original);
    const float value = from + (to - from) * weight;
    // Between two codes the value stays within their range, so half up is plain truncation.
    if constexpr (std::is_integral_v<Code>)
        return static_cast<Code>(static_cast<int>(value + 0.5f));
    else
        return value;
}

template <class Code>
void fuse(const Code *original, const Code *blurred, const float *in_focus, size_t pixels,
          int channels, Code *fused) {
    for (size_t begin = 0; begin < pixels;) {
        const float weight = in_focus[begin];
        const Code *from = original + begin * channels, *to = blurred + begin * channels;
        Code *out = fused + begin * channels;
        if (weight > 0.0f && weight < 1.0f) {
            for (int c = 0; c < channels; ++c) out[c] = mixed(from[c], to[c], weight);
            ++begin;
            continue;
        }
        size_t end = begin + 1;
        while (end < pixels && in_focus[end] == weight) ++end;
        const Code *kept = weight >= 1.0f ? from : to;
        std::copy(kept, kept + (end - begin) * channels, out);
        begin = end;
    }
}

template <class Code>
void fuse_all(const Code *original, const Code *blurred, const float *in_focus, size_t pixels,
              int channels, Code *fused, int threads) {
    const int64_t chunks = static_cast<int64_t>((pixels + kChunk - 1) / kChunk);
#pragma omp parallel for schedule(static) num_threads(thread_count(threads))
    for (int64_t k = 0; k < chunks; ++k) {
        const size_t at = static_cast<size_t>(k) * kChunk, code = at * channels;
        fuse(original + code, blurred + code, in_focus + at, std::min(kChunk, pixels - at),
             channels, fused + code);
    }
}

}  // namespace

void keep_in_focus(const uint8_t *original, const uint8_t *blurred, const float *in_focus,
                   size_t pixels, int channels, uint8_t *fused, int threads) {
    fuse_all(original, blurred, in_focus, pixels, channels, fused, threads);
}

void keep_in_focus(const uint16_t *original, const uint16_t *blurred, const float *in_focus,
                   size_t pixels, int channels, uint16_t *fused, int threads) {
    fuse_all(original, blurred, in_focus, pixels, channels, fused, threads);
}

void keep_in_focus(const float *original, const float *blurred, const float *in_focus,
                   size_t pixels, int channels, float *fused, int threads) {
    fuse_all(original, blurred, in_focus, pixels, channels, fused, threads);
}

}  // namespace d2f::fusion

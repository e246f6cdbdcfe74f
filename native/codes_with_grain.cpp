// Linear light to codes, with the photo's grain put back where blur took it away.
//
// Noise is a hash of the pixel's position, softened by a filter of 5 x 5 taps: no state, so any
// strip and any number of threads gives the same bytes. All channels get the same noise, since in
// photos it is noise of brightness.
// Twin: d2f/light/reference.py, bit for bit. Does not try: coloured noise.

#include <algorithm>
#include <type_traits>
#include <vector>

#include "clones.h"
#include "encode_one.h"
#include "light.h"
#include "threads.h"

namespace d2f::light {
namespace {

constexpr int kStrip = 32;  // rows per task
constexpr int kReach = 2;   // of the softening filter
constexpr int kRing = 2 * kReach + 1;
constexpr float kPi = 3.14159265f;
constexpr float kLuma[3] = {0.299f, 0.587f, 0.114f};  // of JPEG, ITU-R BT.601
constexpr float kDither = 1023.0f / 1024.0f;
constexpr float kByteSum = 1.0f / 147.80054f;  // 1 / standard deviation of the sum of 4 bytes

template <class Code> constexpr float kLargest = 1.0f;
template <> constexpr float kLargest<uint8_t> = 255.0f;
template <> constexpr float kLargest<uint16_t> = 65535.0f;

// Every bit of the result depends on every bit of h.
inline uint32_t scrambled(uint32_t h) {
    h = (h ^ (h >> 16)) * 0x21f0aaadu;
    h = (h ^ (h >> 15)) * 0x735a2d97u;
    return h ^ (h >> 15);
}

inline uint32_t hash_of(int x, uint32_t row) {
    return scrambled(static_cast<uint32_t>(x) * 0x9e3779b1u + row);
}

// White noise, nearly normal: the sum of a hash's four bytes.
D2F_CLONES void white_row(uint32_t row, int count, float *white) {
    for (int i = 0; i < count; ++i) {
        const uint32_t h = hash_of(i - kReach, row);
        const int sum = static_cast<int>((h & 255) + ((h >> 8) & 255) + ((h >> 16) & 255) +
                                         (h >> 24));
        white[i] = static_cast<float>(sum - 510) * kByteSum;
    }
}

D2F_CLONES void soften_down(const float *const rows[kRing], const float *taps, int count,
                            float *out) {
    for (int i = 0; i < count; ++i)
        out[i] = taps[0] * rows[2][i] + taps[1] * (rows[1][i] + rows[3][i]) +
                 taps[2] * (rows[0][i] + rows[4][i]);
}

D2F_CLONES void soften_across(const float *in, const float *taps, int count, float *out) {
    for (int i = 0; i < count; ++i)
        out[i] = taps[0] * in[i + 2] + taps[1] * (in[i + 1] + in[i + 3]) +
                 taps[2] * (in[i] + in[i + 4]);
}

D2F_CLONES void encode_row(const float *light, int count, const float *inverse, float *codes) {
    for (int i = 0; i < count; ++i) codes[i] = encode_one(light[i], inverse);
}

// Noise of unit strength becomes what is to be added to the pixel's codes. A disc of pi r^2 pixels
// leaves that share of the variance.
D2F_CLONES void scale_noise(const float *codes, const float *defocus_px, int count,
                            const float *sigma, float *noise) {
    for (int x = 0; x < count; ++x) {
        const float luma = kLuma[0] * codes[3 * x] + kLuma[1] * codes[3 * x + 1] +
                           kLuma[2] * codes[3 * x + 2];
        int level = static_cast<int>(luma * 255.0f + 0.5f);
        level = level < 255 ? level : 255;
        const float area = kPi * defocus_px[x] * defocus_px[x];
        const float lost = 1.0f - 1.0f / (area > 1.0f ? area : 1.0f);
        noise[x] = noise[x] * (sigma[level] * std::sqrt(lost));
    }
}

// Almost -0.5 .. 0.5 of a code, evenly spread: a code that no blur changed rounds back to itself.
D2F_CLONES void dither_row(uint32_t row, int count, float largest, float *noise) {
    for (int x = 0; x < count; ++x) {
        const int k = static_cast<int>((hash_of(x, row) * 0xc2b2ae35u) >> 9);
        const float dither = (static_cast<float>(k) + 0.5f) * (1.0f / 8388608.0f) - 0.5f;
        noise[x] = noise[x] * largest + dither * kDither;
    }
}

template <class Code>
inline void store(const float *codes, const float *noise, int count, Code *out) {
    for (int x = 0; x < count; ++x)
        for (int c = 0; c < 3; ++c) {
            float code = codes[3 * x + c] * kLargest<Code> + noise[x];
            code = code > 0.0f ? code : 0.0f;
            code = code < kLargest<Code> ? code : kLargest<Code>;
            out[3 * x + c] = static_cast<Code>(rounded(code));
        }
}

D2F_CLONES void store_bytes(const float *codes, const float *noise, int count, uint8_t *out) {
    store(codes, noise, count, out);
}

D2F_CLONES void store_words(const float *codes, const float *noise, int count, uint16_t *out) {
    store(codes, noise, count, out);
}

D2F_CLONES void store_floats(const float *codes, const float *noise, const float *light,
                             float slope, int count, float *out) {
    for (int x = 0; x < count; ++x)
        for (int c = 0; c < 3; ++c) {
            const float excess = light[3 * x + c] - 1.0f;
            const float above = (excess > 0.0f ? excess : 0.0f) / slope;
            const float code = codes[3 * x + c] + above + noise[x];
            out[3 * x + c] = code > 0.0f ? code : 0.0f;
        }
}

// Rows of softened noise, one below the other.
class Noise {
public:
    Noise(int cols, int first, const GrainField &grain)
        : cols_(cols), width_(cols + 2 * kReach), grain_(grain),
          white_(static_cast<size_t>(kRing) * width_), softened_(width_) {
        for (int y = first - kReach; y < first + kReach; ++y) add(y);
    }

    static uint32_t row_key(int y, uint32_t seed) {
        return scrambled(static_cast<uint32_t>(y) + seed);
    }

    // Rows must be asked for in order, from the first.
    void row(int y, float *noise) {
        add(y + kReach);
        const float *rows[kRing];
        for (int k = 0; k < kRing; ++k) rows[k] = slot(y - kReach + k);
        soften_down(rows, grain_.taps, width_, softened_.data());
        soften_across(softened_.data(), grain_.taps, cols_, noise);
    }

private:
    float *slot(int y) { return white_.data() + static_cast<size_t>((y + kRing) % kRing) * width_; }
    void add(int y) { white_row(row_key(y, grain_.seed), width_, slot(y)); }

    int cols_, width_;
    const GrainField &grain_;
    std::vector<float> white_, softened_;
};

template <class Code>
void encode(const float *light, const float *defocus_px, int rows, int cols, const float *inverse,
            float slope, const GrainField &grain, Code *codes, int threads) {
    const int strips = (rows + kStrip - 1) / kStrip;
#pragma omp parallel for schedule(static) num_threads(thread_count(threads))
    for (int strip = 0; strip < strips; ++strip) {
        const int first = strip * kStrip, last = std::min(rows, first + kStrip);
        Noise field(cols, first, grain);
        std::vector<float> noise(cols), encoded(3 * static_cast<size_t>(cols));
        for (int y = first; y < last; ++y) {
            const size_t at = static_cast<size_t>(y) * cols;
            const float *from = light + 3 * at;
            encode_row(from, 3 * cols, inverse, encoded.data());
            field.row(y, noise.data());
            scale_noise(encoded.data(), defocus_px + at, cols, grain.sigma, noise.data());
            if constexpr (std::is_integral_v<Code>)
                dither_row(Noise::row_key(y, grain.seed), cols, kLargest<Code>, noise.data());
            if constexpr (std::is_same_v<Code, uint8_t>)
                store_bytes(encoded.data(), noise.data(), cols, codes + 3 * at);
            else if constexpr (std::is_same_v<Code, uint16_t>)
                store_words(encoded.data(), noise.data(), cols, codes + 3 * at);
            else
                store_floats(encoded.data(), noise.data(), from, slope, cols, codes + 3 * at);
        }
    }
}

}  // namespace

void codes_with_grain(const float *light, const float *defocus_px, int rows, int cols,
                      const float *inverse, float slope, const GrainField &grain, uint8_t *codes,
                      int threads) {
    encode(light, defocus_px, rows, cols, inverse, slope, grain, codes, threads);
}

void codes_with_grain(const float *light, const float *defocus_px, int rows, int cols,
                      const float *inverse, float slope, const GrainField &grain, uint16_t *codes,
                      int threads) {
    encode(light, defocus_px, rows, cols, inverse, slope, grain, codes, threads);
}

void codes_with_grain(const float *light, const float *defocus_px, int rows, int cols,
                      const float *inverse, float slope, const GrainField &grain, float *codes,
                      int threads) {
    encode(light, defocus_px, rows, cols, inverse, slope, grain, codes, threads);
}

}  // namespace d2f::light

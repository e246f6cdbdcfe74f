// Codes to linear light and back through a tone curve's tables.
//
// Twins: d2f/light/reference.py; the same operations in the same order, so integer codes agree
// exactly. Does not try: curves that differ between channels.
// NaN becomes 0 and light above 65 504 becomes 65 504, so that what follows sees finite numbers.

#include <algorithm>

#include "clones.h"
#include "encode_one.h"
#include "light.h"
#include "threads.h"

namespace d2f::light {
namespace {

constexpr int kTableLast = 65535;
constexpr float kCeiling = 65504.0f;  // the largest half float
constexpr size_t kChunk = 1 << 15;    // values per task: input and output stay in the cache

template <class Task> void in_chunks(size_t count, int threads, Task task) {
    const int64_t chunks = static_cast<int64_t>((count + kChunk - 1) / kChunk);
#pragma omp parallel for schedule(static) num_threads(thread_count(threads))
    for (int64_t k = 0; k < chunks; ++k) {
        const size_t begin = static_cast<size_t>(k) * kChunk;
        task(begin, std::min(kChunk, count - begin));
    }
}

D2F_CLONES void decode_bytes(const uint8_t *codes, size_t count, const float *table, float *light) {
    for (size_t i = 0; i < count; ++i) light[i] = table[codes[i]];
}

D2F_CLONES void decode_words(const uint16_t *codes, size_t count, const float *table,
                             float *light) {
    for (size_t i = 0; i < count; ++i) light[i] = table[codes[i]];
}

D2F_CLONES void decode_floats(const float *codes, size_t count, const float *table, float slope,
                              float *light) {
    for (size_t i = 0; i < count; ++i) {
        const float code = codes[i] > 0.0f ? codes[i] : 0.0f;  // NaN fails the comparison
        const float within = code < 1.0f ? code : 1.0f;
        const float position = within * static_cast<float>(kTableLast);
        int below = static_cast<int>(position);
        below = below < kTableLast ? below : kTableLast - 1;
        const float low = table[below];
        const float value = low + (table[below + 1] - low) * (position - static_cast<float>(below));
        const float above = value + (code - within) * slope;
        light[i] = above < kCeiling ? above : kCeiling;
    }
}

D2F_CLONES void encode_bytes(const float *light, size_t count, const float *inverse,
                             uint8_t *codes) {
    for (size_t i = 0; i < count; ++i) {
        const float scaled = encode_one(light[i], inverse) * 255.0f;
        codes[i] = static_cast<uint8_t>(rounded(scaled));
    }
}

D2F_CLONES void encode_words(const float *light, size_t count, const float *inverse,
                             uint16_t *codes) {
    for (size_t i = 0; i < count; ++i) {
        const float scaled = encode_one(light[i], inverse) * 65535.0f;
        codes[i] = static_cast<uint16_t>(rounded(scaled));
    }
}

D2F_CLONES void encode_floats(const float *light, size_t count, const float *inverse, float slope,
                              float *codes) {
    for (size_t i = 0; i < count; ++i) {
        const float excess = light[i] - 1.0f;
        codes[i] = encode_one(light[i], inverse) + (excess > 0.0f ? excess : 0.0f) / slope;
    }
}

}  // namespace

void light_from_codes(const uint8_t *codes, size_t count, const float *table, float *light,
                      int threads) {
    float small[256];
    for (int k = 0; k < 256; ++k) small[k] = table[257 * k];
    in_chunks(count, threads, [&](size_t at, size_t n) {
        decode_bytes(codes + at, n, small, light + at);
    });
}

void light_from_codes(const uint16_t *codes, size_t count, const float *table, float *light,
                      int threads) {
    in_chunks(count, threads, [&](size_t at, size_t n) {
        decode_words(codes + at, n, table, light + at);
    });
}

void light_from_codes(const float *codes, size_t count, const float *table, float *light,
                      int threads) {
    const float slope = (table[kTableLast] - table[kTableLast - 256]) * (kTableLast / 256.0f);
    in_chunks(count, threads, [&](size_t at, size_t n) {
        decode_floats(codes + at, n, table, slope, light + at);
    });
}

void codes_from_light(const float *light, size_t count, const float *inverse, float,
                      uint8_t *codes, int threads) {
    in_chunks(count, threads, [&](size_t at, size_t n) {
        encode_bytes(light + at, n, inverse, codes + at);
    });
}

void codes_from_light(const float *light, size_t count, const float *inverse, float,
                      uint16_t *codes, int threads) {
    in_chunks(count, threads, [&](size_t at, size_t n) {
        encode_words(light + at, n, inverse, codes + at);
    });
}

void codes_from_light(const float *light, size_t count, const float *inverse, float slope,
                      float *codes, int threads) {
    in_chunks(count, threads, [&](size_t at, size_t n) {
        encode_floats(light + at, n, inverse, slope, codes + at);
    });
}

}  // namespace d2f::light

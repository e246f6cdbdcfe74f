// Coverage of the pixels along an outline, from a linear function of colour per cell of the map.
//
// Twin: d2f/fusion/reference.py. Does not try: telling where colours do not differ; there the cells
// have no trust, and the pixel keeps its side of the map.

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "fusion.h"
#include "threads.h"

namespace d2f::fusion {
namespace {

// What a cell holds. All but the trust come multiplied by it, so that means of cells weigh by it.
enum Plane : int { kRed, kGreen, kBlue, kOffset, kNearPx, kFarPx, kTrust, kPlanes };
constexpr float kInFocusPx = 1.0f, kNoneBelow = 0.03f, kAllAbove = 0.97f, kTiny = 1e-6f;

struct Tap {
    int low, high;  // cells
    float weight;   // of the higher one
    size_t next;  // first pixel between other cells
};

// Between which centres of cells a pixel lies.
std::vector<Tap> taps(int pixels, int cells) {
    const float per_pixel = static_cast<float>(static_cast<double>(cells) / pixels);
    std::vector<Tap> result(static_cast<size_t>(pixels));
    for (int i = 0; i < pixels; ++i) {
        const float place = (static_cast<float>(i) + 0.5f) * per_pixel - 0.5f;
        const float low = std::floor(place);
        const int at = static_cast<int>(low);
        result[static_cast<size_t>(i)] = {std::clamp(at, 0, cells - 1),
                                          std::clamp(at + 1, 0, cells - 1), place - low,
                                          static_cast<size_t>(pixels)};
    }
    for (size_t i = result.size() - 1; i > 0; --i) {
        Tap &tap = result[i - 1];
        const Tap &after = result[i];
        tap.next = tap.low == after.low && tap.high == after.high ? after.next : i;
    }
    return result;
}

// One row of the picture: photo W x 3, tones 256, the others W.
struct Row {
    const uint8_t *photo;
    const float *tones;
    const float *defocus;
    float *matte, *moved;
};

void tell_pixel(const float *cell, const Row &row, size_t x) {
    const float own = row.defocus[x], trust = cell[kTrust];
    if (!(trust > 0.0f) || !(own < kInFocusPx)) return;
    const float per_trust = 1.0f / std::max(trust, kTiny);
    const uint8_t *code = row.photo + 3 * x;
    float alpha = cell[kOffset] * per_trust + cell[kRed] * per_trust * row.tones[code[0]];
    alpha += cell[kGreen] * per_trust * row.tones[code[1]];
    alpha += cell[kBlue] * per_trust * row.tones[code[2]];
    alpha = std::clamp(alpha, 0.0f, 1.0f);
    const bool is_near = own > -kInFocusPx;
    const float side = is_near ? 1.0f : 0.0f;
    alpha = side + (alpha - side) * trust;
    if (alpha < kNoneBelow) alpha = 0.0f;
    if (alpha > kAllAbove) alpha = 1.0f;
    row.matte[x] = alpha;
    if (is_near && alpha == 0.0f) row.moved[x] = cell[kFarPx] * per_trust;
    if (!is_near && alpha > 0.0f) row.moved[x] = cell[kNearPx] * per_trust;
}

void tell_row(const float *cells, const std::vector<Tap> &across, const Row &row) {
    for (size_t x = 0; x < across.size();) {
        const Tap &tap = across[x];
        const float *low = cells + kPlanes * tap.low, *high = cells + kPlanes * tap.high;
        if (low[kTrust] == 0.0f && high[kTrust] == 0.0f) {
            x = tap.next;
            continue;
        }
        float cell[kPlanes];
        for (int k = 0; k < kPlanes; ++k) cell[k] = low[k] + (high[k] - low[k]) * tap.weight;
        tell_pixel(cell, row, x);
        ++x;
    }
}

}  // namespace

void apply_outline(const uint8_t *photo, const float *tones, const float *defocus_px, int height,
                   int width, const float *cells, int rows, int cols, float *matte, float *moved,
                   int threads) {
    const std::vector<Tap> down = taps(height, rows), across = taps(width, cols);
    const size_t line = static_cast<size_t>(cols) * kPlanes;
#pragma omp parallel num_threads(thread_count(threads))
    {
        std::vector<float> between(line);
#pragma omp for schedule(static, 16)
        for (int y = 0; y < height; ++y) {
            const size_t at = static_cast<size_t>(y) * width;
            const Row row{photo + 3 * at, tones, defocus_px + at, matte + at, moved + at};
            std::fill(row.matte, row.matte + width, 1.0f);
            std::memcpy(row.moved, row.defocus, sizeof(float) * static_cast<size_t>(width));
            const Tap &tap = down[static_cast<size_t>(y)];
            const float *low = cells + line * tap.low, *high = cells + line * tap.high;
            for (size_t k = 0; k < line; ++k)
                between[k] = low[k] + (high[k] - low[k]) * tap.weight;
            tell_row(between.data(), across, row);
        }
    }
}

}  // namespace d2f::fusion

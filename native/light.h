// The kernels of d2f/light. Arrays are row-major; `threads` 0 means every core, and the result is
// the same for any number of threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace d2f::light {

// Linear light of `count` codes; table: 65 536 samples of light over the codes 0..1.
void light_from_codes(const uint8_t *codes, size_t count, const float *table, float *light,
                      int threads);
void light_from_codes(const uint16_t *codes, size_t count, const float *table, float *light,
                      int threads);
void light_from_codes(const float *codes, size_t count, const float *table, float *light,
                      int threads);

// Codes of linear light; inverse: 32 769 codes of the light (k / 32768)^2; slope: of the table at
// white, which floats above white follow.
void codes_from_light(const float *light, size_t count, const float *inverse, float slope,
                      uint8_t *codes, int threads);
void codes_from_light(const float *light, size_t count, const float *inverse, float slope,
                      uint16_t *codes, int threads);
void codes_from_light(const float *light, size_t count, const float *inverse, float slope,
                      float *codes, int threads);

// Grain to put back: what it looks like, told by d2f/light/grain.py.
struct GrainField {
    const float *sigma;  // 256: standard deviation (white = 1) of the luma codes k / 255
    float taps[3];       // of the filter that softens white noise: centre, 1 px and 2 px away
    uint32_t seed;
};

// Codes of linear light, with grain where blur took it away and integers dithered by half a code;
// defocus_px: rows x cols, radius of the blur.
void codes_with_grain(const float *light, const float *defocus_px, int rows, int cols,
                      const float *inverse, float slope, const GrainField &grain, uint8_t *codes,
                      int threads);
void codes_with_grain(const float *light, const float *defocus_px, int rows, int cols,
                      const float *inverse, float slope, const GrainField &grain, uint16_t *codes,
                      int threads);
void codes_with_grain(const float *light, const float *defocus_px, int rows, int cols,
                      const float *inverse, float slope, const GrainField &grain, float *codes,
                      int threads);

struct Run {
    int32_t row, begin, end, blob;  // pixels begin <= x < end of a row
};

struct Blob {
    int32_t left, top, right, bottom, area;  // right and bottom are one past the last pixel
    double sum_x, sum_y, light[3];           // over its pixels
    float core;                              // largest value of a pixel's darkest channel
};

struct Blobs {
    std::vector<Blob> blobs;
    std::vector<Run> runs;
};

// Connected (8 neighbours) groups of min_area to max_area pixels whose largest channel is >= clip.
Blobs find_blobs(const float *radiance, int rows, int cols, float clip, int64_t min_area,
                 int64_t max_area, int threads);

// Colours at growing distances outside each blob: medians and means over an even number of
// directions, both blobs x distances x 3.
struct Surroundings {
    const float *centres;     // blobs x 2: x, y
    const float *directions;  // directions x 2: unit vectors
    const int32_t *distances;
    int blob_count, direction_count, distance_count;
};
void blob_surroundings(const float *radiance, int rows, int cols, float clip, const int32_t *boxes,
                       const Surroundings &where, float *medians, float *means, int threads);

}  // namespace d2f::light

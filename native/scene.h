// The kernels of d2f/scene. Arrays are row-major; `threads` 0 means every core, and the result is
// the same for any number of threads and on any processor.
#pragma once

#include <cstdint>

namespace d2f::scene {

struct ModeOptions {
    int radius;           // samples to each side that vote
    float colour_sigma;   // codes 0..255
    float band_step;      // disparity: flatter windows are enlarged bilinearly
    float keep;           // share of the window's range that a value may lie off its side's end
};

// Mean colour of each cell of a rows x cols grid over a photo; fractional pixels count in part.
// photo: height x width x 3; reduced: rows x cols x 3.
void area_reduce(const uint8_t *photo, int height, int width, int rows, int cols,
                 uint8_t *reduced, int threads);

// A small disparity map at the size of a photo, its steps moved to the photo's edges.
// disparity: rows x cols; guide: rows x cols x 3, the reduced photo; photo: height x width x 3;
// enlarged: height x width.
void two_sided_mode(const float *disparity, const float *guide, int rows, int cols,
                    const uint8_t *photo, int height, int width, const ModeOptions &options,
                    float *enlarged, int threads);

}  // namespace d2f::scene

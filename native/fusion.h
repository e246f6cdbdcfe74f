// The kernels of d2f/fusion. Arrays are row-major; `threads` 0 means every core, and the result is
// the same for any number of threads.
#pragma once

#include <cstddef>
#include <cstdint>

namespace d2f::fusion {

// 1 where a pixel is in focus and no nearer blur reaches it, falling to 0; cell: 1, 2, 4, ... px.
void in_focus_mask(const float *defocus_px, int rows, int cols, int cell, float *in_focus,
                   int threads);

// Coverage of pixels, and the map with its outline moved (matte, moved: height x width), from cells
// (rows x cols x 7): slopes by the tones of red, green and blue, offset, near and far defocus, all
// times the trust in them, and that trust. photo_srgb: height x width x 3; tones: 256, by code.
void apply_outline(const uint8_t *photo_srgb, const float *tones, const float *defocus_px,
                   int height, int width, const float *cells, int rows, int cols, float *matte,
                   float *moved, int threads);

// original where in_focus is 1, blurred where it is 0, their mixture between; channels per pixel.
void keep_in_focus(const uint8_t *original, const uint8_t *blurred, const float *in_focus,
                   size_t pixels, int channels, uint8_t *fused, int threads);
void keep_in_focus(const uint16_t *original, const uint16_t *blurred, const float *in_focus,
                   size_t pixels, int channels, uint16_t *fused, int threads);
void keep_in_focus(const float *original, const float *blurred, const float *in_focus,
                   size_t pixels, int channels, float *fused, int threads);

}  // namespace d2f::fusion

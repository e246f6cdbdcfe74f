// The kernels of d2f/scene. Arrays are row-major; `threads` 0 means every core, and the result is
// the same for any number of threads and on any processor.
#pragma once

#include <cstdint>

namespace d2f::scene {

struct Size {
    int rows, cols;
};

// Mean colour of each cell of a grid over a photo; fractional pixels count in part.
// photo: size x 3; reduced: cells x 3.
void area_reduce(const uint8_t *photo, Size size, Size cells, uint8_t *reduced, int threads);

// For each sample of a disparity map the value of the near and the far side around it, how much of
// a step lies there (0..1), how much of a faint one, the middle between the sides, and how little
// the sample mixes both. sides: 6 x size, in that order. faint_step is at most band_step.
void two_sides(const float *disparity, Size size, float band_step, float faint_step, float *sides,
               int threads);

// For each pixel of a photo how much its colour is that of the near (+1) or far (-1) samples.
// disparity, middle, sureness: size; guide: size x 3, 0..1; photo: photo_size x 3;
// votes: photo_size.
void side_votes(const float *disparity, const float *middle, const float *sureness,
                const float *guide, Size size, const uint8_t *photo, Size photo_size,
                float colour_sigma, float *votes, int threads);

// The linear function of colour that explains the votes best around each pixel, least squares with
// a ridge, averaged over the same window. planes: size x 4 (red, green, blue, constant).
void vote_planes(const float *votes, const uint8_t *photo, Size size, int radius, double ridge,
                 float *planes, int threads);

// The map at the size of a photo: at steps the side that the plane gives the pixel's colour, at
// faint ones only where it is sure.
// disparity: size; sides: 6 x size; planes: planes_size x 4; enlarged: photo_size.
void enlarge_by_side(const float *disparity, const float *sides, Size size, const float *planes,
                     Size planes_size, const uint8_t *photo, Size photo_size, float *enlarged,
                     int threads);

// Regions of fewer than `min_area` pixels, cut off all around by differences above `step`, get the
// value that the region touching them most has beside them. map: size, changed in place.
void absorb_small_regions(float *map, Size size, float step, int min_area);

}  // namespace d2f::scene

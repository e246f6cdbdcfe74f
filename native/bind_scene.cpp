// Binds the kernels of d2f/scene; checks of shape and meaning stand in the Python wrappers.

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include "scene.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace {

using Map = nb::ndarray<const float, nb::shape<-1, -1>, nb::c_contig, nb::device::cpu>;
using Guide = nb::ndarray<const float, nb::shape<-1, -1, 3>, nb::c_contig, nb::device::cpu>;
using Photo = nb::ndarray<const uint8_t, nb::shape<-1, -1, 3>, nb::c_contig, nb::device::cpu>;
using MapOut = nb::ndarray<float, nb::shape<-1, -1>, nb::c_contig, nb::device::cpu>;
using PhotoOut = nb::ndarray<uint8_t, nb::shape<-1, -1, 3>, nb::c_contig, nb::device::cpu>;

void area_reduce(const Photo &photo, const PhotoOut &reduced, int threads) {
    nb::gil_scoped_release released;
    d2f::scene::area_reduce(photo.data(), int(photo.shape(0)), int(photo.shape(1)),
                            int(reduced.shape(0)), int(reduced.shape(1)), reduced.data(), threads);
}

void two_sided_mode(const Map &disparity, const Guide &guide, const Photo &photo,
                    const MapOut &enlarged, int radius, float colour_sigma, float band_step,
                    float keep, int threads) {
    nb::gil_scoped_release released;
    d2f::scene::two_sided_mode(disparity.data(), guide.data(), int(disparity.shape(0)),
                               int(disparity.shape(1)), photo.data(), int(photo.shape(0)),
                               int(photo.shape(1)), {radius, colour_sigma, band_step, keep},
                               enlarged.data(), threads);
}

}  // namespace

void bind_scene(nb::module_ &m) {
    m.def("area_reduce", &area_reduce, "photo"_a.noconvert(), "reduced"_a.noconvert(),
          nb::kw_only(), "threads"_a);
    m.def("two_sided_mode", &two_sided_mode, "disparity"_a.noconvert(), "guide"_a.noconvert(),
          "photo"_a.noconvert(), "enlarged"_a.noconvert(), nb::kw_only(), "radius"_a,
          "colour_sigma"_a, "band_step"_a, "keep"_a, "threads"_a);
}

// Binds the kernels of d2f/scene; checks of shape and meaning stand in the Python wrappers.

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include "scene.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace {

using d2f::scene::Size;

template <class Type, ssize_t... Shape>
using Array = nb::ndarray<Type, nb::shape<Shape...>, nb::c_contig, nb::device::cpu>;
using Map = Array<const float, -1, -1>;
using Sides = Array<const float, 6, -1, -1>;
using Guide = Array<const float, -1, -1, 3>;
using Planes = Array<const float, -1, -1, 4>;
using Photo = Array<const uint8_t, -1, -1, 3>;

template <class Any> Size size_of(const Any &picture) {
    return {int(picture.shape(0)), int(picture.shape(1))};
}

void area_reduce(const Photo &photo, const Array<uint8_t, -1, -1, 3> &reduced, int threads) {
    nb::gil_scoped_release released;
    d2f::scene::area_reduce(photo.data(), size_of(photo), size_of(reduced), reduced.data(),
                            threads);
}

void two_sides(const Map &disparity, const Array<float, 6, -1, -1> &sides, float band_step,
               float faint_step, int threads) {
    nb::gil_scoped_release released;
    d2f::scene::two_sides(disparity.data(), size_of(disparity), band_step, faint_step,
                          sides.data(), threads);
}

void side_votes(const Map &disparity, const Sides &sides, const Guide &guide, const Photo &photo,
                const Array<float, -1, -1> &votes, float colour_sigma, int threads) {
    nb::gil_scoped_release released;
    const Size size = size_of(disparity);
    const size_t count = size_t(size.rows) * size.cols;
    d2f::scene::side_votes(disparity.data(), sides.data() + 4 * count, sides.data() + 5 * count,
                           guide.data(), size, photo.data(), size_of(photo), colour_sigma,
                           votes.data(), threads);
}

void vote_planes(const Map &votes, const Photo &photo, const Array<float, -1, -1, 4> &planes,
                 int radius, double ridge, int threads) {
    nb::gil_scoped_release released;
    d2f::scene::vote_planes(votes.data(), photo.data(), size_of(photo), radius, ridge,
                            planes.data(), threads);
}

void enlarge_by_side(const Map &disparity, const Sides &sides, const Planes &planes,
                     const Photo &photo, const Array<float, -1, -1> &enlarged, int threads) {
    nb::gil_scoped_release released;
    d2f::scene::enlarge_by_side(disparity.data(), sides.data(), size_of(disparity), planes.data(),
                                size_of(planes), photo.data(), size_of(photo), enlarged.data(),
                                threads);
}

void absorb_small_regions(const Array<float, -1, -1> &map, float step, int min_area) {
    nb::gil_scoped_release released;
    d2f::scene::absorb_small_regions(map.data(), size_of(map), step, min_area);
}

}  // namespace

void bind_scene(nb::module_ &m) {
    m.def("area_reduce", &area_reduce, "photo"_a.noconvert(), "reduced"_a.noconvert(),
          nb::kw_only(), "threads"_a);
    m.def("two_sides", &two_sides, "disparity"_a.noconvert(), "sides"_a.noconvert(),
          nb::kw_only(), "band_step"_a, "faint_step"_a, "threads"_a);
    m.def("side_votes", &side_votes, "disparity"_a.noconvert(), "sides"_a.noconvert(),
          "guide"_a.noconvert(), "photo"_a.noconvert(), "votes"_a.noconvert(), nb::kw_only(),
          "colour_sigma"_a, "threads"_a);
    m.def("vote_planes", &vote_planes, "votes"_a.noconvert(), "photo"_a.noconvert(),
          "planes"_a.noconvert(), nb::kw_only(), "radius"_a, "ridge"_a, "threads"_a);
    m.def("enlarge_by_side", &enlarge_by_side, "disparity"_a.noconvert(), "sides"_a.noconvert(),
          "planes"_a.noconvert(), "photo"_a.noconvert(), "enlarged"_a.noconvert(), nb::kw_only(),
          "threads"_a);
    m.def("absorb_small_regions", &absorb_small_regions, "map"_a.noconvert(), nb::kw_only(),
          "step"_a, "min_area"_a);
}

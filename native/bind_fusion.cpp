// Binds the kernels of d2f/fusion; checks of shape and meaning stand in the Python wrappers.
// Outputs are arrays that the caller made.

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include "fusion.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace {

template <class Type, ssize_t... Shape>
using Array = nb::ndarray<Type, nb::shape<Shape...>, nb::c_contig, nb::device::cpu>;
using Map = Array<const float, -1, -1>;
template <class Code> using Codes = Array<Code, -1, -1, -1>;

void in_focus_mask(const Map &defocus_px, const Array<float, -1, -1> &in_focus, int cell,
                   int threads) {
    nb::gil_scoped_release released;
    d2f::fusion::in_focus_mask(defocus_px.data(), static_cast<int>(defocus_px.shape(0)),
                               static_cast<int>(defocus_px.shape(1)), cell, in_focus.data(),
                               threads);
}

void apply_outline(const Array<const uint8_t, -1, -1, 3> &photo_srgb,
                   const Array<const float, 256> &tones, const Map &defocus_px,
                   const Array<const float, -1, -1, 7> &cells, const Array<float, -1, -1> &matte,
                   const Array<float, -1, -1> &moved, int threads) {
    nb::gil_scoped_release released;
    d2f::fusion::apply_outline(photo_srgb.data(), tones.data(), defocus_px.data(),
                               static_cast<int>(defocus_px.shape(0)),
                               static_cast<int>(defocus_px.shape(1)), cells.data(),
                               static_cast<int>(cells.shape(0)), static_cast<int>(cells.shape(1)),
                               matte.data(), moved.data(), threads);
}

template <class Code>
void keep_in_focus(const Codes<const Code> &original, const Codes<const Code> &blurred,
                   const Map &in_focus, const Codes<Code> &fused, int threads) {
    nb::gil_scoped_release released;
    d2f::fusion::keep_in_focus(original.data(), blurred.data(), in_focus.data(), in_focus.size(),
                               static_cast<int>(original.shape(2)), fused.data(), threads);
}

template <class Code> void bind_codes(nb::module_ &m) {
    m.def("keep_in_focus", &keep_in_focus<Code>, "original"_a.noconvert(), "blurred"_a.noconvert(),
          "in_focus"_a.noconvert(), "fused"_a.noconvert(), nb::kw_only(), "threads"_a);
}

}  // namespace

void bind_fusion(nb::module_ &m) {
    m.def("in_focus_mask", &in_focus_mask, "defocus_px"_a.noconvert(), "in_focus"_a.noconvert(),
          nb::kw_only(), "cell"_a, "threads"_a);
    m.def("apply_outline", &apply_outline, "photo_srgb"_a.noconvert(), "tones"_a.noconvert(),
          "defocus_px"_a.noconvert(), "cells"_a.noconvert(), "matte"_a.noconvert(), "moved"_a.noconvert(), nb::kw_only(),
          "threads"_a);
    bind_codes<uint8_t>(m);
    bind_codes<uint16_t>(m);
    bind_codes<float>(m);
}

// Binds the kernels of d2f/light and d2f/fusion; checks of shape and meaning stand in the Python
// wrappers. Outputs are arrays that the caller made.

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include "fusion.h"
#include "light.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace {

template <class T> using In = nb::ndarray<const T, nb::c_contig, nb::device::cpu>;
template <class T> using Out = nb::ndarray<T, nb::c_contig, nb::device::cpu>;
template <class T> using Table = nb::ndarray<nb::numpy, T, nb::ndim<2>>;

template <class Code> void decode(In<Code> codes, In<float> table, Out<float> light, int threads) {
    nb::gil_scoped_release unlocked;
    d2f::light::light_from_codes(codes.data(), codes.size(), table.data(), light.data(), threads);
}

template <class Code>
void encode(In<float> light, In<float> inverse, Out<Code> codes, float slope, int threads) {
    nb::gil_scoped_release unlocked;
    d2f::light::codes_from_light(light.data(), light.size(), inverse.data(), slope, codes.data(),
                                 threads);
}

template <class T> Table<T> table_of(size_t rows, size_t cols) {
    T *data = new T[rows * cols];
    nb::capsule owner(data, [](void *p) noexcept { delete[] static_cast<T *>(p); });
    return Table<T>(data, {rows, cols}, owner);
}

nb::tuple tables_of(const d2f::light::Blobs &found) {
    auto boxes = table_of<int32_t>(found.blobs.size(), 5);
    auto sums = table_of<double>(found.blobs.size(), 6);
    auto runs = table_of<int32_t>(found.runs.size(), 4);
    for (size_t i = 0; i < found.blobs.size(); ++i) {
        const d2f::light::Blob &b = found.blobs[i];
        const int32_t box[5] = {b.left, b.top, b.right, b.bottom, b.area};
        const double sum[6] = {b.sum_x, b.sum_y, b.light[0], b.light[1], b.light[2], b.core};
        std::copy(box, box + 5, boxes.data() + 5 * i);
        std::copy(sum, sum + 6, sums.data() + 6 * i);
    }
    for (size_t i = 0; i < found.runs.size(); ++i) {
        const d2f::light::Run &r = found.runs[i];
        const int32_t run[4] = {r.row, r.begin, r.end, r.blob};
        std::copy(run, run + 4, runs.data() + 4 * i);
    }
    return nb::make_tuple(boxes, sums, runs);
}

nb::tuple find_blobs(In<float> radiance, float clip, int64_t min_area, int64_t max_area,
                     int threads) {
    d2f::light::Blobs found;
    {
        nb::gil_scoped_release unlocked;
        found = d2f::light::find_blobs(radiance.data(), static_cast<int>(radiance.shape(0)),
                                       static_cast<int>(radiance.shape(1)), clip, min_area,
                                       max_area, threads);
    }
    return tables_of(found);
}

void blob_surroundings(In<float> radiance, In<int32_t> boxes, In<float> centres,
                       In<float> directions, In<int32_t> distances, Out<float> medians,
                       Out<float> means, float clip, int threads) {
    const d2f::light::Surroundings where{
        centres.data(),
        directions.data(),
        distances.data(),
        static_cast<int>(centres.shape(0)),
        static_cast<int>(directions.shape(0)),
        static_cast<int>(distances.shape(0)),
    };
    nb::gil_scoped_release unlocked;
    d2f::light::blob_surroundings(radiance.data(), static_cast<int>(radiance.shape(0)),
                                  static_cast<int>(radiance.shape(1)), clip, boxes.data(), where,
                                  medians.data(), means.data(), threads);
}

void in_focus_mask(In<float> defocus_px, Out<float> in_focus, int cell, int threads) {
    nb::gil_scoped_release unlocked;
    d2f::fusion::in_focus_mask(defocus_px.data(), static_cast<int>(defocus_px.shape(0)),
                               static_cast<int>(defocus_px.shape(1)), cell, in_focus.data(),
                               threads);
}

template <class Code>
void keep_in_focus(In<Code> original, In<Code> blurred, In<float> in_focus, Out<Code> fused,
                   int threads) {
    nb::gil_scoped_release unlocked;
    const size_t pixels = in_focus.size();
    d2f::fusion::keep_in_focus(original.data(), blurred.data(), in_focus.data(), pixels,
                               static_cast<int>(original.size() / pixels), fused.data(), threads);
}

template <class Code> void bind_codes(nb::module_ &m) {
    m.def("light_from_codes", &decode<Code>, "codes"_a.noconvert(), "table"_a.noconvert(),
          "light"_a.noconvert(), nb::kw_only(), "threads"_a);
    m.def("codes_from_light", &encode<Code>, "light"_a.noconvert(), "inverse"_a.noconvert(),
          "codes"_a.noconvert(), nb::kw_only(), "slope"_a, "threads"_a);
    m.def("keep_in_focus", &keep_in_focus<Code>, "original"_a.noconvert(), "blurred"_a.noconvert(),
          "in_focus"_a.noconvert(), "fused"_a.noconvert(), nb::kw_only(), "threads"_a);
}

}  // namespace

void bind_light(nb::module_ &m) {
    bind_codes<uint8_t>(m);
    bind_codes<uint16_t>(m);
    bind_codes<float>(m);
    m.def("find_blobs", &find_blobs, "radiance"_a.noconvert(), nb::kw_only(), "clip"_a,
          "min_area"_a, "max_area"_a, "threads"_a);
    m.def("blob_surroundings", &blob_surroundings, "radiance"_a.noconvert(), "boxes"_a.noconvert(),
          "centres"_a.noconvert(), "directions"_a.noconvert(), "distances"_a.noconvert(),
          "medians"_a.noconvert(), "means"_a.noconvert(), nb::kw_only(), "clip"_a, "threads"_a);
    m.def("in_focus_mask", &in_focus_mask, "defocus_px"_a.noconvert(), "in_focus"_a.noconvert(),
          nb::kw_only(), "cell"_a, "threads"_a);
}

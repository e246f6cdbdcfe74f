// Binds the kernels of d2f/light; checks of shape and meaning stand in the Python wrappers. Outputs
// are arrays that the caller made, but for the tables of blobs, whose lengths only the kernel knows.

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <algorithm>

#include "light.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace {

template <class Type, ssize_t... Shape>
using Array = nb::ndarray<Type, nb::shape<Shape...>, nb::c_contig, nb::device::cpu>;
template <class Type> using Values = Array<Type, -1>;
using Radiance = Array<const float, -1, -1, 3>;
using Decoding = Array<const float, 65536>;
using Encoding = Array<const float, 32769>;
using Profiles = Array<float, -1, -1, 3>;  // blobs x distances x 3
template <class Type, ssize_t Columns>
using Table = nb::ndarray<nb::numpy, Type, nb::shape<-1, Columns>>;

template <class Code>
void light_from_codes(const Values<const Code> &codes, const Decoding &table,
                      const Values<float> &light, int threads) {
    nb::gil_scoped_release released;
    d2f::light::light_from_codes(codes.data(), codes.size(), table.data(), light.data(), threads);
}

template <class Code>
void codes_from_light(const Values<const float> &light, const Encoding &inverse,
                      const Values<Code> &codes, float slope, int threads) {
    nb::gil_scoped_release released;
    d2f::light::codes_from_light(light.data(), light.size(), inverse.data(), slope, codes.data(),
                                 threads);
}

template <class Code>
void codes_with_grain(const Radiance &light, const Array<const float, -1, -1> &defocus_px,
                      const Encoding &inverse, const Array<const float, 256> &sigma,
                      const Array<const float, 3> &taps, const Array<Code, -1, -1, 3> &codes,
                      float slope, uint32_t seed, int threads) {
    nb::gil_scoped_release released;
    const float *tap = taps.data();
    const d2f::light::GrainField grain{sigma.data(), {tap[0], tap[1], tap[2]}, seed};
    d2f::light::codes_with_grain(light.data(), defocus_px.data(),
                                 static_cast<int>(light.shape(0)),
                                 static_cast<int>(light.shape(1)), inverse.data(), slope, grain,
                                 codes.data(), threads);
}

template <class Type, ssize_t Columns> Table<Type, Columns> table_of(size_t rows) {
    Type *data = new Type[rows * Columns];
    nb::capsule owner(data, [](void *p) noexcept { delete[] static_cast<Type *>(p); });
    return Table<Type, Columns>(data, {rows, static_cast<size_t>(Columns)}, owner);
}

nb::tuple tables_of(const d2f::light::Blobs &found) {
    auto boxes = table_of<int32_t, 5>(found.blobs.size());
    auto sums = table_of<double, 6>(found.blobs.size());
    auto runs = table_of<int32_t, 4>(found.runs.size());
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

nb::tuple find_blobs(const Radiance &radiance, float clip, int64_t min_area, int64_t max_area,
                     int threads) {
    d2f::light::Blobs found;
    {
        nb::gil_scoped_release released;
        found = d2f::light::find_blobs(radiance.data(), static_cast<int>(radiance.shape(0)),
                                       static_cast<int>(radiance.shape(1)), clip, min_area,
                                       max_area, threads);
    }
    return tables_of(found);
}

void blob_surroundings(const Radiance &radiance, const Array<const int32_t, -1, 4> &boxes,
                       const Array<const float, -1, 2> &centres,
                       const Array<const float, -1, 2> &directions,
                       const Values<const int32_t> &distances, const Profiles &medians,
                       const Profiles &means, float clip, int threads) {
    nb::gil_scoped_release released;
    const d2f::light::Surroundings where{
        centres.data(),
        directions.data(),
        distances.data(),
        static_cast<int>(centres.shape(0)),
        static_cast<int>(directions.shape(0)),
        static_cast<int>(distances.shape(0)),
    };
    d2f::light::blob_surroundings(radiance.data(), static_cast<int>(radiance.shape(0)),
                                  static_cast<int>(radiance.shape(1)), clip, boxes.data(), where,
                                  medians.data(), means.data(), threads);
}

template <class Code> void bind_codes(nb::module_ &m) {
    m.def("light_from_codes", &light_from_codes<Code>, "codes"_a.noconvert(),
          "table"_a.noconvert(), "light"_a.noconvert(), nb::kw_only(), "threads"_a);
    m.def("codes_from_light", &codes_from_light<Code>, "light"_a.noconvert(),
          "inverse"_a.noconvert(), "codes"_a.noconvert(), nb::kw_only(), "slope"_a, "threads"_a);
    m.def("codes_with_grain", &codes_with_grain<Code>, "light"_a.noconvert(),
          "defocus_px"_a.noconvert(), "inverse"_a.noconvert(), "sigma"_a.noconvert(),
          "taps"_a.noconvert(), "codes"_a.noconvert(), nb::kw_only(), "slope"_a, "seed"_a,
          "threads"_a);
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
}

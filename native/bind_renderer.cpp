// Binds the kernels of d2f/renderer; checks of shape and meaning stand in the Python wrappers.

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/vector.h>

#include "blur.h"
#include "threads.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace {

using d2f::Kernel;
using d2f::Layer;
using d2f::Plan;
using d2f::Side;

template <class Type, ssize_t... Shape>
using Array = nb::ndarray<Type, nb::shape<Shape...>, nb::c_contig, nb::device::cpu>;
using Radiance = Array<const float, -1, -1, 3>;
using Map = Array<const float, -1, -1>;

// Runs of rows per column: first.size() columns.
Kernel kernel_of_runs(std::vector<int> first, std::vector<int> last) {
    Kernel k;
    k.reach_x = int(first.size()) / 2;
    k.area = 0;
    for (size_t i = 0; i < first.size(); ++i) {
        k.area += float(last[i] - first[i]);
        k.reach_y = std::max({k.reach_y, -first[i], last[i] - 1});
    }
    k.first = std::move(first), k.last = std::move(last);
    return k;
}

Kernel kernel_of_weights(const Map &weights) {
    Kernel k;
    k.reach_y = int(weights.shape(0)) / 2, k.reach_x = int(weights.shape(1)) / 2;
    k.dense.assign(weights.data(), weights.data() + weights.size());
    return k;
}

Layer layer_of(float radius, float square, float nearer, float farther, int level, Kernel kernel) {
    return {radius, square, nearer, farther, level, std::move(kernel)};
}

void blur(const Radiance &radiance, const Map &defocus_px, const Array<float, -1, -1, 3> &out,
          const std::vector<Layer> &near, const std::vector<Layer> &far,
          const Array<const float, -1, 2> &outline, float outline_reach, float light_floor,
          int threads) {
    if (near.size() > 64 || far.size() > 64) // layers in use are noted in 64 bits
        throw nb::value_error("more than 64 layers on one side");
    nb::gil_scoped_release released;
    const Plan plan{{near}, {far},
                    {outline.data(), int(outline.shape(0)), outline_reach},
                    light_floor, d2f::thread_count(threads)};
    d2f::blur({radiance.data(), defocus_px.data(), int(radiance.shape(0)), int(radiance.shape(1))},
              plan, out.data());
}

} // namespace

void bind_renderer(nb::module_ &m) {
    nb::class_<Kernel>(m, "Kernel");
    nb::class_<Layer>(m, "Layer");
    m.def("kernel_of_runs", &kernel_of_runs, "first"_a, "last"_a);
    m.def("kernel_of_weights", &kernel_of_weights, "weights"_a.noconvert());
    m.def("layer", &layer_of, nb::kw_only(), "radius"_a, "square"_a, "nearer"_a, "farther"_a,
          "level"_a, "kernel"_a);
    m.def("blur", &blur, "radiance"_a.noconvert(), "defocus_px"_a.noconvert(), "out"_a.noconvert(),
          nb::kw_only(), "near"_a, "far"_a, "outline"_a.noconvert(), "outline_reach"_a,
          "light_floor"_a, "threads"_a);
}

// Binds the kernels of d2f/renderer; checks of shape and meaning stand in the Python wrappers.

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include "blur.h"
#include "threads.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace {

using d2f::Disc;
using d2f::Kernel;
using d2f::Layer;
using d2f::Opening;
using d2f::Plan;
using d2f::Runs;
using d2f::Side;

template <class Type, ssize_t... Shape>
using Array = nb::ndarray<Type, nb::shape<Shape...>, nb::c_contig, nb::device::cpu>;
using Radiance = Array<const float, -1, -1, 3>;
using Map = Array<const float, -1, -1>;

using Ints = std::vector<int>;

// Parts, the widest first: columns, their rows [first, last), and what the part counts for.
Kernel kernel_of_runs(const std::vector<std::tuple<Ints, Ints, Ints, float>> &parts) {
    Kernel k;
    for (const auto &[column, first, last, weight] : parts) {
        Runs runs{column, first, last, 0.f, weight};
        for (size_t i = 0; i < column.size(); ++i) {
            runs.area += float(last.at(i) - first.at(i));
            k.reach_y = std::max({k.reach_y, -first[i], last[i] - 1});
            k.reach_x = std::max(k.reach_x, std::abs(column[i]));
        }
        k.runs.push_back(std::move(runs));
    }
    return k;
}

Kernel kernel_of_weights(const Map &weights) {
    Kernel k;
    k.reach_y = int(weights.shape(0)) / 2, k.reach_x = int(weights.shape(1)) / 2;
    k.dense.assign(weights.data(), weights.data() + weights.size());
    return k;
}

Layer layer_of(float radius, float square, float nearer, float farther, int level,
               float kernel_radius, Kernel kernel) {
    return {radius, square, nearer, farther, level, kernel_radius, std::move(kernel)};
}

using Ends = Array<const float, -1, 2>;
using Discs = std::vector<std::pair<float, float>>; // radius, share of the light

std::vector<Disc> discs_of(const Discs &pairs) {
    std::vector<Disc> discs;
    for (const auto &[scale, weight] : pairs) discs.push_back({scale, weight});
    return discs;
}

using Sums = Array<const double, -1, -1>;

// Discs of layers and of lights, and pictures, for points beyond the plane of focus, then for nearer
// ones.
Opening opening_of(const Ends &rows, float row_reach, const Ends &cols, float col_reach,
                   float cats_eye, const std::vector<Discs> &layer_discs,
                   const std::vector<Discs> &light_discs, const std::vector<Sums> &pictures,
                   float picture_reach) {
    Opening o;
    o.rows = {{rows.data(), rows.data() + rows.size()}, row_reach};
    o.cols = {{cols.data(), cols.data() + cols.size()}, col_reach};
    o.cats_eye = cats_eye;
    for (int side = 0; side < 2; ++side) {
        o.layer_discs[side] = discs_of(layer_discs.at(side));
        o.light_discs[side] = discs_of(light_discs.at(side));
    }
    for (const Sums &sums : pictures)
        o.pictures.push_back({{sums.data(), sums.data() + sums.size()}, int(sums.shape(0)) - 1, picture_reach});
    return o;
}

// What is drawn for some channels: near and far layers, bits of r, g, b, and the radius of lights
// beyond the plane of focus and before it, relative to their own.
using Pass = std::tuple<std::vector<Layer>, std::vector<Layer>, unsigned, std::pair<float, float>>;

void blur(const Radiance &radiance, const Map &defocus_px, const std::optional<Map> &matte,
          const Array<float, -1, -1, 3> &out, const std::vector<Pass> &passes,
          const Opening &opening, float light_floor, int threads) {
    std::vector<Plan> plans;
    for (const auto &[near, far, channels, stretch] : passes) {
        if (near.size() > 64 || far.size() > 64) // layers in use are noted in 64 bits
            throw nb::value_error("more than 64 layers on one side");
        plans.push_back({{near}, {far}, opening, light_floor, d2f::thread_count(threads), channels,
                         {stretch.first, stretch.second}});
    }
    nb::gil_scoped_release released;
    const int rows = int(radiance.shape(0)), cols = int(radiance.shape(1));
    d2f::blur({radiance.data(), defocus_px.data(), matte ? matte->data() : nullptr, rows, cols}, plans,
              out.data());
}

} // namespace

void bind_renderer(nb::module_ &m) {
    nb::class_<Kernel>(m, "Kernel");
    nb::class_<Layer>(m, "Layer");
    nb::class_<Opening>(m, "Opening");
    m.def("kernel_of_runs", &kernel_of_runs, "parts"_a);
    m.def("kernel_of_weights", &kernel_of_weights, "weights"_a.noconvert());
    m.def("layer", &layer_of, nb::kw_only(), "radius"_a, "square"_a, "nearer"_a, "farther"_a,
          "level"_a, "kernel_radius"_a, "kernel"_a);
    m.def("opening", &opening_of, nb::kw_only(), "rows"_a.noconvert(), "row_reach"_a,
          "cols"_a.noconvert(), "col_reach"_a, "cats_eye"_a, "layer_discs"_a, "light_discs"_a,
          "pictures"_a, "picture_reach"_a);
    m.def("blur", &blur, "radiance"_a.noconvert(), "defocus_px"_a.noconvert(),
          "matte"_a.noconvert().none(), "out"_a.noconvert(), nb::kw_only(), "passes"_a, "opening"_a,
          "light_floor"_a, "threads"_a);
}

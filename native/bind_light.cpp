// Binds the kernels of d2f/light; checks of shape and meaning stand in the Python wrappers.

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

namespace nb = nanobind;

void bind_light(nb::module_ &) {}

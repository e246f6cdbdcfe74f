// The compiled module d2f._native. Each room binds its own kernels in bind_ROOM.cpp; those files
// alone know Python, and every kernel has a slow, obvious twin with the same signature.

#include <nanobind/nanobind.h>

namespace nb = nanobind;

void bind_renderer(nb::module_ &m);
void bind_scene(nb::module_ &m);
void bind_light(nb::module_ &m);
void bind_fusion(nb::module_ &m);

NB_MODULE(_native, m) {
    m.doc() = "Kernels of d2f; called only by the rooms' own Python wrappers.";
    bind_renderer(m);
    bind_scene(m);
    bind_light(m);
    bind_fusion(m);
}

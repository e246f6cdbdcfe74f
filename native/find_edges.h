#pragma once

#include "renderer.h"

namespace d2f {

void find_edges(Surfaces &surfaces, int threads);
void split_edge_pixels(Surfaces &surfaces, int threads);

} // namespace d2f

#pragma once

#include "renderer.h"

namespace d2f {

void find_hidden(Surfaces &surfaces, float largest_radius, int threads);

} // namespace d2f

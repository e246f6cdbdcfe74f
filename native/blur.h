#pragma once

#include "renderer.h"

namespace d2f {

// One plan per group of channels, all with layers at the same depths; out: rows x cols x 3.
void blur(const Photo &photo, const std::vector<Plan> &plans, float *out);

} // namespace d2f

#pragma once

#include "renderer.h"

namespace d2f {

void blur(const Photo &photo, const Plan &plan, float *out); // out: rows x cols x 3

} // namespace d2f

#pragma once

#include "levels.h"

namespace d2f {

// The picture at full size; out: rows x cols x 3.
void draw_picture(const Surfaces &surfaces, const Plan &plan, const Masks &masks,
                  const Levels &levels, float *out);

} // namespace d2f

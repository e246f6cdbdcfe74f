#pragma once

#include "renderer.h"

namespace d2f {

constexpr int SHAPE_CELL = 16; // cells of a layer's own resolution share the shape at their centre
constexpr float MIN_DISC_PX = 0.5f; // a part of a point's image is no smaller

// Where a line across the shape enters and leaves it; false where it misses the shape.
bool ends_at(const Profile &profile, float at, float &smaller, float &larger);

// The same for the shape cut at a place: moved outwards and inwards by half of the cut, and what
// both copies share. `along` is the cut along the line, `across` at right angles to it.
bool cut_ends_at(const Profile &profile, float at, float along, float across, float &smaller,
                 float &larger);

// A layer's kernel where the opening is cut.
Kernel cut_kernel(const Opening &opening, const Layer &layer, Place place);

} // namespace d2f

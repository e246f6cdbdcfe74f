// The whole renderer: what is found in the photo, layers at their own resolutions, then the picture.
//
// Twin: d2f/renderer/layered.py (the picture) with d2f/renderer/surfaces.py (what is found). Wide
// blurs are drawn at 1/2, 1/4 ... size, where their kernels keep at least 8 px, so that time does
// not grow with the radius. Every tile is computed whole by one thread from the same inputs:
// results do not depend on the number of threads.

#include "blur.h"

#include <cstring>

#include "find_edges.h"
#include "hidden.h"
#include "lights.h"
#include "picture.h"

namespace d2f {

namespace {

float largest_radius(const Plan &plan) {
    float r = 0;
    for (const Side *side : {&plan.near, &plan.far})
        if (!side->layers.empty()) r = std::max(r, side->layers.back().radius);
    return r;
}

Surfaces find_surfaces(const Photo &photo, const Plan &plan) {
    Surfaces s;
    s.photo = photo;
    find_edges(s, plan.threads);
    find_lights(s, plan.light_floor, plan.threads);
    split_edge_pixels(s, plan.threads);
    find_hidden(s, largest_radius(plan), plan.threads);
    return s;
}

} // namespace

void blur(const Photo &photo, const std::vector<Plan> &plans, float *out) {
    const Plan &plan = plans.at(0);
    if (plan.near.layers.empty() && plan.far.layers.empty()) {
        std::memcpy(out, photo.radiance, sizeof(float) * 3 * size_t(photo.rows) * photo.cols);
        return;
    }
    const Surfaces surfaces = find_surfaces(photo, plan);
    const Masks masks = find_masks(surfaces, plan);
    for (const Plan &p : plans) draw_picture(surfaces, p, masks, build_levels(surfaces, p, masks), out);
}

} // namespace d2f

// Which depth layers have anything in which block of the photo: tiles draw no others.
//
// Twin: none; the twin draws every layer everywhere. A block names too many layers rather than too
// few: depths averaged in reduced levels can fall on a layer between two in use.

#include "layers_in_use.h"

#include <algorithm>

namespace d2f {

namespace {

constexpr float LOOKUP_STEP = 0.25f; // px; layers in use are looked up by the radius

std::vector<uint64_t> layers_by_radius(const Side &side) {
    const float last = side.layers.empty() ? 0.f : side.layers.back().radius;
    std::vector<uint64_t> bits(size_t(last / LOOKUP_STEP) + 2, 0);
    for (size_t i = 0; i < bits.size(); ++i) {
        const float low = float(i) * LOOKUP_STEP, high = low + LOOKUP_STEP;
        for (size_t k = 0; k < side.layers.size(); ++k) {
            const float below = k ? side.layers[k - 1].radius : 0.f;
            const bool open = k + 1 == side.layers.size();
            if (high > below && (open || low < side.layers[k + 1].radius))
                bits[i] |= uint64_t(1) << k;
        }
    }
    return bits;
}

struct Range {
    float low, high;
};

D2F_CLONES Range range_of_block(const float *radius, size_t stride, int rows, int cols) {
    float low[MASK_BLOCK], high[MASK_BLOCK];
    for (int x = 0; x < cols; ++x) low[x] = high[x] = radius[x];
    for (int y = 1; y < rows; ++y)
        for (int x = 0; x < cols; ++x) {
            const float r = radius[y * stride + x];
            low[x] = r < low[x] ? r : low[x], high[x] = r > high[x] ? r : high[x];
        }
    return {*std::min_element(low, low + cols), *std::max_element(high, high + cols)};
}

// Depths averaged later can fall on a layer between two in use.
uint64_t without_gaps(uint64_t m) {
    return m | ((m << 1) & (m >> 1)) | ((m << 2) & (m >> 1)) | ((m << 1) & (m >> 2));
}

// Radii of what lies hidden behind a block's pixels, or was split from them.
template <class Note>
void note_findings(const Surfaces &s, int y0, int y1, int x0, int x1, const Note &note) {
    const size_t found = s.block_of(y0, x0);
    if (!s.hidden.empty() && s.has_hidden[found]) {
        const int j1 = std::min(s.cell_rows, y1 / CELL + 2), i1 = std::min(s.cell_cols, x1 / CELL + 2);
        for (int j = std::max(0, y0 / CELL - 1); j < j1; ++j)
            for (int i = std::max(0, x0 / CELL - 1); i < i1; ++i) {
                const float r = s.hidden[size_t(j) * s.cell_cols + i].radius;
                if (r != NOWHERE) note(r);
            }
    }
    if (s.split.empty()) return;
    for (const SplitPixel &q : s.split[found])
        if (q.y >= y0 && q.y < y1 && q.x >= x0 && q.x < x1) note(q.front_radius), note(q.back_radius);
}

} // namespace

Masks find_masks(const Surfaces &s, const Plan &plan) {
    const Photo &p = s.photo;
    Masks m;
    m.rows = blocks(p.rows, MASK_BLOCK), m.cols = blocks(p.cols, MASK_BLOCK);
    m.near.assign(size_t(m.rows) * m.cols, 0), m.far = m.focus = m.near;
    const std::vector<uint64_t> near = layers_by_radius(plan.near), far = layers_by_radius(plan.far);
    const Side &any_side = plan.near.layers.empty() ? plan.far : plan.near;
    const float first = any_side.layers[0].radius;
#pragma omp parallel for schedule(dynamic, 64) num_threads(plan.threads)
    for (int block = 0; block < m.rows * m.cols; ++block) {
        auto note = [&](float radius) {
            const auto &bits = radius > 0 ? near : far;
            const float a = std::fabs(radius);
            if (a < first) m.focus[block] = 1;
            if (a < IN_FOCUS_PX) return;
            const size_t i = size_t(std::min(a, MAX_RADIUS_PX) / LOOKUP_STEP);
            (radius > 0 ? m.near : m.far)[block] |= bits[std::min(i, bits.size() - 1)];
        };
        const int y0 = block / m.cols * MASK_BLOCK, y1 = std::min(p.rows, y0 + MASK_BLOCK);
        const int x0 = block % m.cols * MASK_BLOCK, x1 = std::min(p.cols, x0 + MASK_BLOCK);
        if (s.has_edge[s.block_of(y0, x0)]) {
            for (int y = y0; y < y1; ++y)
                for (int x = x0; x < x1; ++x) note(p.radius(y, x));
        } else { // one surface has every depth between its ends
            const float *first_row = p.defocus + size_t(y0) * p.cols + x0;
            const Range r = range_of_block(first_row, p.cols, y1 - y0, x1 - x0);
            const float low = std::max(r.low, -MAX_RADIUS_PX), high = std::min(r.high, MAX_RADIUS_PX);
            for (float at = low; at < high; at += LOOKUP_STEP) note(at);
            note(high);
        }
        note_findings(s, y0, y1, x0, x1, note);
        m.near[block] = without_gaps(m.near[block]), m.far[block] = without_gaps(m.far[block]);
    }
    return m;
}

uint64_t mask_of(const std::vector<uint64_t> &bits, const Masks &m, int y0, int y1, int x0, int x1) {
    uint64_t all = 0;
    const int b1 = std::min(m.rows - 1, std::max(0, y1 - 1) / MASK_BLOCK);
    const int k1 = std::min(m.cols - 1, std::max(0, x1 - 1) / MASK_BLOCK);
    for (int b = std::min(b1, std::max(0, y0) / MASK_BLOCK); b <= b1; ++b)
        for (int k = std::min(k1, std::max(0, x0) / MASK_BLOCK); k <= k1; ++k)
            all |= bits[size_t(b) * m.cols + k];
    return all;
}

uint64_t bits_of_level(const Side &side, int level) {
    uint64_t bits = 0;
    for (size_t k = 0; k < side.layers.size(); ++k)
        if (side.layers[k].level == level) bits |= uint64_t(1) << k;
    return bits;
}

int reach_of(const Side &side, uint64_t bits) {
    int reach = 0;
    for (size_t k = 0; k < side.layers.size(); ++k)
        if (bits >> k & 1)
            reach = std::max({reach, side.layers[k].kernel.reach_x, side.layers[k].kernel.reach_y});
    return reach;
}

} // namespace d2f

// Front to back: coverage adds within a connected surface, and goes 'over' after a gap in depth.
//
// Twin: `_composite` of d2f/renderer/layered.py. A surface split over neighbouring layers covers
// fully, so nothing shines through its seams; a surface behind a gap is seen through what is left.
// With one unblurred layer of coverage 1 the formulas return the input bit for bit.

#include "composite.h"

namespace d2f {

namespace {

constexpr float EMPTY_COVERAGE = 1e-4f; // less ends a connected surface
constexpr float MIN_ROOM = 1e-6f;
constexpr float MIN_LIGHT_ROOM = 1e-3f;

D2F_CLONES void composite(int count, const float *r, const float *g, const float *b, const float *a,
                          float *to_r, float *to_g, float *to_b, float *to_a, float *surface) {
    for (int x = 0; x < count; ++x) {
        const float room = 1.f - to_a[x], cover = a[x], s = surface[x];
        float most = 1.f - s;
        most = most < cover ? cover : most;
        most = most < MIN_ROOM ? MIN_ROOM : most;
        const float share = room / most;
        to_r[x] += share * r[x];
        to_g[x] += share * g[x];
        to_b[x] += share * b[x];
        to_a[x] += share * cover;
        const float sum = s + cover, full = sum < 1.f ? sum : 1.f;
        surface[x] = cover > EMPTY_COVERAGE ? full : 0.f;
    }
}

D2F_CLONES void divide(int count, const float *r, const float *g, const float *b, const float *a,
                       float *out) {
    for (int x = 0; x < count; ++x) {
        out[3 * x] = r[x] / a[x];
        out[3 * x + 1] = g[x] / a[x];
        out[3 * x + 2] = b[x] / a[x];
    }
}

D2F_CLONES void blend(const float *up, const float *down, float f, int count, float *out) {
    for (int x = 0; x < count; ++x) out[x] = up[x] + f * (down[x] - up[x]);
}

template <int SCALE>
inline __attribute__((always_inline)) void spread_by(const float *cells, int count, int scale,
                                                     const float *at, float *out) {
    const int s = SCALE ? SCALE : scale;
    for (int i = 0; i < count; ++i) {
        const float base = cells[i], step = cells[i + 1] - cells[i];
        for (int j = 0; j < s; ++j) out[i * s + j] = base + step * at[j];
    }
}

// Whether all values reach `least`; a count instead of a minimum, which compilers can vectorise.
D2F_CLONES bool all_reach(const float *values, int count, float least) {
    int below = 0;
    for (int x = 0; x < count; ++x) below += values[x] < least;
    return below == 0;
}

// Between each two cells, `scale` values.
D2F_CLONES void spread(const float *cells, int count, int scale, const float *at, float *out) {
    switch (scale) {
    case 2: spread_by<2>(cells, count, scale, at, out); break;
    case 4: spread_by<4>(cells, count, scale, at, out); break;
    case 8: spread_by<8>(cells, count, scale, at, out); break;
    default: spread_by<0>(cells, count, scale, at, out);
    }
}

} // namespace

void Gathered::reset(int r, int c) {
    rows = r, cols = c, stride = (c + 31) / 16 * 16;
    store.assign(size_t(rows) * stride * 5, 0.f);
    surface_open = false;
}

bool Gathered::is_full() {
    for (int y = 0; y < rows; ++y)
        if (!all_reach(row(3, y), cols, 1.f - MIN_ROOM)) return false;
    return true;
}

void composite_row(Gathered &to, int y, const float *r, const float *g, const float *b,
                   const float *cover) {
    composite(to.cols, r, g, b, cover, to.row(0, y), to.row(1, y), to.row(2, y), to.row(3, y),
              to.row(4, y));
    to.surface_open = true;
}

void end_surface_row(Gathered &to, int y) { std::fill_n(to.row(4, y), to.cols, 0.f); }

void end_surface(Gathered &to) {
    if (to.surface_open) std::fill_n(to.row(4, 0), size_t(to.rows) * to.stride, 0.f);
    to.surface_open = false;
}

void add_light_row(Gathered &to, int y, const double *steps) {
    const float *cover = to.row(3, y), *surface = to.row(4, y);
    double sum[3] = {0, 0, 0};
    for (int x = 0; x < to.cols; ++x) {
        const float room = (1.f - cover[x]) / std::max(1.f - surface[x], MIN_LIGHT_ROOM);
        for (int c = 0; c < 3; ++c) {
            sum[c] += steps[3 * x + c];
            to.row(c, y)[x] += room * std::max(0.f, float(sum[c]));
        }
    }
}

void write_row(Gathered &from, int y, const float *fallback, unsigned channels, float *out) {
    const float *cover = from.row(3, y);
    if (channels == 7)
        divide(from.cols, from.row(0, y), from.row(1, y), from.row(2, y), cover, out);
    else
        for (int c = 0; c < 3; ++c)
            for (int x = 0; channels >> c & 1 && x < from.cols; ++x)
                out[3 * x + c] = from.row(c, y)[x] / cover[x];
    for (int x = 0; x < from.cols; ++x)
        for (int c = 0; cover[x] < MIN_ROOM && c < 3; ++c) // nothing is known
            if (channels >> c & 1) out[3 * x + c] = fallback[3 * x + c];
}

const float *enlarge_row(const float *plane, int rows, int cols, int scale, int y, int x0,
                         int count, float *scratch, float *out) {
    const float inverse = 1.f / float(scale);
    const float at = (float(y) + 0.5f) * inverse - 0.5f;
    const int j = int(std::floor(at));
    const float *up = plane + size_t(std::max(0, j)) * cols;
    const float *down = plane + size_t(std::min(rows - 1, j + 1)) * cols;
    const int first = x0 >= scale / 2 ? (x0 - scale / 2) / scale : -1;
    const int cells = (x0 + count - 1 - scale / 2 - first * scale) / scale + 2;
    const int inside = std::max(0, first), end = std::min(cols, first + cells);
    float *line = scratch + scale;
    blend(up + inside, down + inside, at - float(j), end - inside, line + (inside - first));
    for (int i = first; i < inside; ++i) line[i - first] = line[inside - first];
    for (int i = end; i < first + cells; ++i) line[i - first] = line[end - 1 - first];
    float weights[1024];
    for (int k = 0; k < scale; ++k) weights[k] = (float(k) + 0.5f) * inverse;
    spread(line, cells - 1, scale, weights, out);
    return out + (x0 - (first * scale + scale / 2));
}

} // namespace d2f

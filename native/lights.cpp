// Small bright lights: cut out of the picture, and drawn one by one as exact discs.
//
// Twin: `_cut_lights` of d2f/renderer/surfaces.py and `_draw_light` of layered.py. Drawn through the layers, a light's disc has a rim that is soft by
// an eighth of its radius and a radius that is one of the layers'; nobody sees that on texture, but
// everybody sees it on a light. Lights larger than about 12 px are left to the layers.

#include "lights.h"

#include "opening.h"

namespace d2f {

namespace {

constexpr float STANDS_OUT = 3.f;       // times the mean of the 12 x 12 px around
constexpr float RIM = 0.01f;            // a light's faint rim is cut out with it
constexpr float MIN_CONTRAST = 2.f;     // times the darkest of 7 x 7
constexpr float BORROWS = 1.5f;         // a neighbour this much brighter lends its depth
constexpr float MIN_RADIUS_PX = 2.f;
constexpr size_t MAX_LIGHTS = 200000;   // more are a texture
constexpr int SUB_ROWS = 8;
constexpr int AREA_ROWS = 256;          // over which a cut shape's area is summed

inline float brightest(const float *c) { return std::max(c[0], std::max(c[1], c[2])); }

D2F_CLONES void add_brightest(const float *colour, int count, float *peak, float *sum) {
    for (int x = 0; x < count; ++x) {
        const float r = colour[3 * x], g = colour[3 * x + 1], b = colour[3 * x + 2];
        float v = r < g ? g : r;
        v = v < b ? b : v;
        peak[x] = peak[x] < v ? v : peak[x];
        sum[x] += v;
    }
}

struct Cells {
    int rows, cols;
    Buffer<float> peak, mean;
};

Cells measure_cells(const Photo &p, int threads) {
    Cells c;
    c.rows = blocks(p.rows, CELL), c.cols = blocks(p.cols, CELL);
    c.peak.resize(size_t(c.rows) * c.cols), c.mean.resize(c.peak.size());
#pragma omp parallel for schedule(static) num_threads(threads)
    for (int cy = 0; cy < c.rows; ++cy) {
        const int y0 = cy * CELL, rows = std::min(p.rows - y0, CELL);
        std::vector<float> peak(p.cols, 0.f), sum(p.cols, 0.f); // per column
        for (int y = y0; y < y0 + rows; ++y) add_brightest(p.colour(y, 0), p.cols, peak.data(), sum.data());
        for (int cx = 0; cx < c.cols; ++cx) {
            const int x0 = cx * CELL, cols = std::min(p.cols - x0, CELL);
            float most = 0.f, total = 0.f;
            for (int x = x0; x < x0 + cols; ++x) most = std::max(most, peak[x]), total += sum[x];
            c.peak[size_t(cy) * c.cols + cx] = most;
            c.mean[size_t(cy) * c.cols + cx] = total / float(rows * cols);
        }
    }
    return c;
}

// The largest peak of the 3 x 3 cells, if it stands out of their mean; else 0.
float candidate_peak(const Cells &c, int cy, int cx, float floor) {
    float peak = 0, mean = 0;
    int count = 0;
    for (int j = std::max(0, cy - 1); j <= std::min(c.rows - 1, cy + 1); ++j)
        for (int i = std::max(0, cx - 1); i <= std::min(c.cols - 1, cx + 1); ++i) {
            peak = std::max(peak, c.peak[size_t(j) * c.cols + i]);
            mean += c.mean[size_t(j) * c.cols + i], ++count;
        }
    return peak > std::max(floor, STANDS_OUT * mean / float(count)) ? peak : 0.f;
}

float darkest_around(const Photo &p, int y, int x) {
    float darkest = NOWHERE;
    for (int j = std::max(0, y - 3); j <= std::min(p.rows - 1, y + 3); ++j)
        for (int i = std::max(0, x - 3); i <= std::min(p.cols - 1, x + 3); ++i)
            darkest = std::min(darkest, brightest(p.colour(j, i)));
    return darkest;
}

// The rim of a light over a background, or a sharp hair before it, carries the wrong depth.
float light_radius(const Photo &p, int y, int x, float own) {
    float best = own * BORROWS, radius = p.radius(y, x);
    for (int j = std::max(0, y - 1); j <= std::min(p.rows - 1, y + 1); ++j)
        for (int i = std::max(0, x - 1); i <= std::min(p.cols - 1, x + 1); ++i) {
            const float v = brightest(p.colour(j, i));
            if (v > best) best = v, radius = p.radius(j, i);
        }
    return std::min(MAX_RADIUS_PX, std::max(-MAX_RADIUS_PX, radius));
}

// How far the opening is cut at a light's place, of the shape of radius 1.
struct Cut {
    float y, x;
};

// What the cut leaves of the shape's area.
float area_share(const Profile &rows, Cut cut) {
    const float step = 2 * rows.reach / AREA_ROWS;
    float area = 0, left, right;
    for (int k = 0; k < AREA_ROWS; ++k)
        if (cut_ends_at(rows, (float(k) + 0.5f) * step - rows.reach, cut.x, cut.y, left, right))
            area += (right - left) * step;
    return area / float(M_PI);
}

// A step at a fraction of a pixel is shared by that pixel and the next.
void add_step(const Light &light, float at, float density, LightCanvas &canvas, double *steps) {
    const float clamped = std::min(std::max(at, 0.f), float(canvas.cols));
    const int cell = std::min(int(clamped), canvas.cols - 1);
    const float later = clamped - float(cell);
    for (int c = 0; c < 3; ++c) {
        const double amount = double(density) * light.colour[c];
        steps[3 * cell + c] += amount * (1 - later);
        steps[3 * cell + 3 + c] += amount * later;
    }
}

void draw_disc(const Light &light, const Profile &rows, Cut cut, float size, float weight,
               LightCanvas &canvas) {
    const float turn = light.radius > 0 ? -1.f : 1.f; // nearer points show the opening turned
    const float density = weight / (float(M_PI) * size * size * SUB_ROWS);
    const float reach = rows.reach * size;
    const int top = std::max(canvas.y0, int(std::floor(light.y - reach + 0.5f)));
    const int bottom = std::min(canvas.y0 + canvas.rows - 1, int(std::ceil(light.y + reach - 0.5f)));
    for (int y = top; y <= bottom; ++y)
        for (int k = 0; k < SUB_ROWS; ++k) {
            const float v = turn * (float(y) - light.y + (float(k) + 0.5f) / SUB_ROWS - 0.5f) / size;
            float left, right;
            if (!cut_ends_at(rows, v, cut.x, cut.y, left, right)) continue;
            const float from = turn > 0 ? left : -right, to = turn > 0 ? right : -left;
            const float middle = light.x + 0.5f - float(canvas.x0);
            double *steps = canvas.row(y - canvas.y0);
            add_step(light, middle + size * from, density, canvas, steps);
            add_step(light, middle + size * to, -density, canvas, steps);
        }
}

// Light above and left of places of a picture, on one line across it.
void sums_along(const Transmission &t, float line, float from, float step, int count, double *out) {
    const float most = float(t.cells);
    const float v = std::min(std::max(line, 0.f), most);
    const int j = std::min(int(v), t.cells - 1);
    const double down = v - float(j);
    const double *up = t.sums.data() + size_t(j) * (t.cells + 1), *below = up + t.cells + 1;
    for (int k = 0; k < count; ++k) {
        const float u = std::min(std::max(from + step * float(k), 0.f), most);
        const int i = std::min(int(u), t.cells - 1);
        const double right = u - float(i);
        const double above = up[i] + right * (up[i + 1] - up[i]);
        out[k] = above + down * (below[i] + right * (below[i + 1] - below[i]) - above);
    }
}

// Every pixel's share of a picture of the opening, exactly.
void draw_transmission(const Light &light, const Transmission &t, float size, LightCanvas &canvas) {
    const float turn = light.radius > 0 ? -1.f : 1.f, reach = t.reach * size;
    const float step = turn * float(t.cells) / (2 * reach); // cells of the picture per pixel
    auto first = [&](float at, int least) { return std::max(least, int(std::floor(at - reach + 0.5f))); };
    auto last = [&](float at, int most) { return std::min(most, int(std::ceil(at + reach - 0.5f))); };
    const int top = first(light.y, canvas.y0), bottom = last(light.y, canvas.y0 + canvas.rows - 1);
    const int left = first(light.x, canvas.x0), right = last(light.x, canvas.x0 + canvas.cols - 1);
    const int count = right - left + 2;
    if (top > bottom || left > right) return;
    auto cell_of = [&](float px) { return 0.5f * float(t.cells) + step * px; };
    std::vector<double> above(static_cast<size_t>(count)), below(above);
    sums_along(t, cell_of(float(top) - 0.5f - light.y), cell_of(float(left) - 0.5f - light.x), step,
               count, above.data());
    for (int y = top; y <= bottom; ++y, above.swap(below)) {
        sums_along(t, cell_of(float(y) + 0.5f - light.y), cell_of(float(left) - 0.5f - light.x), step,
                   count, below.data());
        double *steps = canvas.row(y - canvas.y0), last_share = 0;
        for (int x = left; x <= right + 1; ++x) {
            const int k = x - left; // both ways turned, the signs of a turned picture cancel
            const double share = x > right ? 0 : (below[k + 1] - below[k]) - (above[k + 1] - above[k]);
            for (int c = 0; c < 3; ++c)
                steps[3 * (x - canvas.x0) + c] += (share - last_share) * light.colour[c];
            last_share = share;
        }
    }
}

void search_cell(const Photo &p, int cy, int cx, float peak, float floor,
                 std::vector<DimmedPixel> &dimmed, std::vector<Light> &lights) {
    const float least = std::max(floor, RIM * peak);
    for (int y = cy * CELL; y < std::min(p.rows, (cy + 1) * CELL); ++y)
        for (int x = cx * CELL; x < std::min(p.cols, (cx + 1) * CELL); ++x) {
            const float *c = p.colour(y, x), v = brightest(c);
            if (v <= least) continue;
            const float darkest = darkest_around(p, y, x);
            if (MIN_CONTRAST * darkest >= v) continue;
            const float radius = light_radius(p, y, x, v);
            if (std::fabs(radius) < MIN_RADIUS_PX) continue;
            const float keep = darkest / v;
            dimmed.push_back({y, x, {c[0] * keep, c[1] * keep, c[2] * keep}});
            lights.push_back({float(y), float(x), radius,
                              {c[0] * (1 - keep), c[1] * (1 - keep), c[2] * (1 - keep)}});
        }
}

} // namespace

void find_lights(Surfaces &s, float floor, int threads) {
    const Photo &p = s.photo;
    const size_t count = size_t(s.block_rows) * s.block_cols;
    s.dimmed.assign(count, {});
    const Cells cells = measure_cells(p, threads);
    std::vector<std::vector<Light>> found(count);
#pragma omp parallel for schedule(dynamic) num_threads(threads)
    for (int b = 0; b < int(count); ++b) {
        const int cy0 = b / s.block_cols * (BLOCK / CELL);
        const int cx0 = b % s.block_cols * (BLOCK / CELL);
        for (int cy = cy0; cy < std::min(cells.rows, cy0 + BLOCK / CELL); ++cy)
            for (int cx = cx0; cx < std::min(cells.cols, cx0 + BLOCK / CELL); ++cx) {
                if (cells.peak[size_t(cy) * cells.cols + cx] <= floor) continue;
                const float peak = candidate_peak(cells, cy, cx, floor);
                if (peak > 0) search_cell(p, cy, cx, peak, floor, s.dimmed[b], found[b]);
            }
    }
    size_t total = 0;
    for (const auto &f : found) total += f.size();
    if (total > MAX_LIGHTS) {
        s.dimmed.assign(count, {});
        return;
    }
    for (size_t b = 0; b < count; ++b) {
        s.lights.insert(s.lights.end(), found[b].begin(), found[b].end());
        for (const DimmedPixel &d : s.dimmed[b]) s.flags[size_t(d.y) * p.cols + d.x] |= IS_LIGHT;
    }
    std::stable_sort(s.lights.begin(), s.lights.end(),
                     [](const Light &a, const Light &b) { return a.radius > b.radius; });
}

void draw_light(const Light &light, const Opening &opening, Place place, LightCanvas &canvas) {
    // The pixel's own box adds the variance of a third of a squared radius.
    const float size = std::sqrt(std::max(light.radius * light.radius - 1.f / 3, 0.25f));
    if (!opening.pictures.empty())
        return draw_transmission(light, opening.pictures[light.radius > 0], size, canvas);
    const Cut cut{opening.cats_eye * place.y, opening.cats_eye * place.x};
    const float share = opening.cats_eye > 0 ? area_share(opening.rows, cut) : 1.f;
    for (const Disc &disc : opening.light_discs[light.radius > 0])
        draw_disc(light, opening.rows, cut, std::max(size * disc.scale, MIN_DISC_PX),
                  disc.weight / share, canvas);
}

} // namespace d2f

// The shape of a point's image where mechanical parts of the lens cut the opening.
//
// Twin: `point_image` of d2f/optics/point_image.py. The opening itself is a table made in Python;
// cutting it is what depends on the place, and is done here for every cell of a picture. Light is
// not lost: a cut image is as bright in all as a whole one.

#include "opening.h"

namespace d2f {

namespace {

constexpr int RUN_SLICES = 4, DENSE_SLICES = 16; // of a column, over which a shape is averaged

struct Cut {
    const Profile &cols;
    float y, x; // of the shape of radius 1
    float size;

    // Top and bottom of the part of one slice, px from the centre.
    bool ends(float at, float &top, float &bottom) const {
        if (!cut_ends_at(cols, at / size, y, x, top, bottom)) return false;
        top *= size, bottom *= size;
        return true;
    }
};

void add_weights(const Cut &cut, float weight, Kernel &kernel) {
    const int columns = 2 * kernel.reach_x + 1;
    std::vector<float> cover(kernel.dense.size(), 0.f);
    float total = 0;
    for (int k = 0; k < columns * DENSE_SLICES; ++k) {
        const int column = k / DENSE_SLICES;
        const float within = (float(k % DENSE_SLICES) + 0.5f) / DENSE_SLICES - 0.5f;
        float top, bottom;
        if (!cut.ends(float(column - kernel.reach_x) + within, top, bottom)) continue;
        for (int j = -kernel.reach_y; j <= kernel.reach_y; ++j) {
            const float part = std::min(bottom, float(j) + 0.5f) - std::max(top, float(j) - 0.5f);
            if (part <= 0) continue;
            cover[size_t(j + kernel.reach_y) * columns + column] += part;
            total += part;
        }
    }
    for (size_t i = 0; i < cover.size(); ++i) kernel.dense[i] += weight * cover[i] / total;
}

// Ends of the shape's part in a column, such that length and centre are right.
void column_ends(const Cut &cut, int column, float &top, float &bottom) {
    float length = 0, moment = 0;
    for (int k = 0; k < RUN_SLICES; ++k) {
        const float within = (float(k) + 0.5f) / RUN_SLICES - 0.5f;
        float a, b;
        if (!cut.ends(float(column) + within, a, b)) continue;
        length += b - a, moment += (b - a) * (a + b) / 2;
    }
    const float centre = length > 0 ? moment / length : 0.f;
    length /= RUN_SLICES;
    top = centre - length / 2, bottom = centre + length / 2;
}

// Whole rows; what rounding gives or takes is passed on, from the centre outwards.
Runs whole_rows(const Cut &cut, int reach_x, int reach_y) {
    Runs runs;
    runs.first.assign(size_t(2 * reach_x + 1), 0), runs.last = runs.column = runs.first;
    for (int k = -reach_x; k <= reach_x; ++k) runs.column[size_t(reach_x + k)] = k;
    for (int step = 1; step >= -1; step -= 2) {
        float over_top = 0, over_bottom = 0;
        for (int k = 0; k <= reach_x; ++k) {
            float top, bottom;
            column_ends(cut, step * k, top, bottom);
            const float wanted_top = top + 0.5f + over_top, wanted_bottom = bottom + 0.5f + over_bottom;
            int &first = runs.first[size_t(reach_x + step * k)];
            int &last = runs.last[size_t(reach_x + step * k)];
            first = std::min(reach_y, std::max(-reach_y, int(std::ceil(wanted_top - 0.5f))));
            last = std::min(reach_y + 1, std::max(first, int(std::floor(wanted_bottom + 0.5f))));
            over_top = wanted_top - float(first), over_bottom = wanted_bottom - float(last);
            if (k == 0) over_top /= 2, over_bottom /= 2; // both ways start from the same column
        }
    }
    int &middle = runs.last[size_t(reach_x)];
    middle = std::max(middle, runs.first[size_t(reach_x)] + 1); // never nothing at all
    for (size_t k = 0; k < runs.first.size(); ++k) runs.area += float(runs.last[k] - runs.first[k]);
    return runs;
}

// Far shapes are read turned by half a turn: a pixel's light comes from where it would go.
void turn(Kernel &kernel) {
    std::reverse(kernel.dense.begin(), kernel.dense.end());
    for (Runs &r : kernel.runs) {
        std::reverse(r.first.begin(), r.first.end()), std::reverse(r.last.begin(), r.last.end());
        for (size_t k = 0; k < r.first.size(); ++k) {
            const int first = r.first[k];
            r.first[k] = 1 - r.last[k], r.last[k] = 1 - first;
        }
    }
}

} // namespace

bool ends_at(const Profile &profile, float at, float &smaller, float &larger) {
    const int last = int(profile.ends.size()) / 2 - 1;
    const float line = (at + profile.reach) * float(last) / (2 * profile.reach);
    if (!(line >= 0 && line <= float(last))) return false;
    const int i = std::min(int(line), last - 1);
    const float f = line - float(i), *e = profile.ends.data() + 2 * i;
    smaller = e[0] + f * (e[2] - e[0]), larger = e[1] + f * (e[3] - e[1]);
    return true;
}

bool cut_ends_at(const Profile &profile, float at, float along, float across, float &smaller,
                 float &larger) {
    float s1, l1, s2, l2;
    if (!ends_at(profile, at - across / 2, s1, l1) || !ends_at(profile, at + across / 2, s2, l2))
        return false;
    smaller = std::max(s1 + along / 2, s2 - along / 2);
    larger = std::min(l1 + along / 2, l2 - along / 2);
    return smaller < larger;
}

Kernel cut_kernel(const Opening &opening, const Layer &layer, Place place) {
    Kernel kernel;
    kernel.reach_x = layer.kernel.reach_x, kernel.reach_y = layer.kernel.reach_y;
    kernel.dense.assign(layer.kernel.dense.size(), 0.f);
    const bool is_near = layer.square > 0;
    for (const Disc &disc : opening.layer_discs[is_near]) {
        const float least = std::min(MIN_DISC_PX, layer.kernel_radius);
        const float size = std::max(layer.kernel_radius * disc.scale, least);
        const Cut cut{opening.cols, opening.cats_eye * place.y, opening.cats_eye * place.x, size};
        if (!kernel.dense.empty()) {
            add_weights(cut, disc.weight, kernel);
            continue;
        }
        const int reach = int(std::ceil(opening.cols.reach * size - 0.5f));
        kernel.runs.push_back(whole_rows(cut, std::min(reach, kernel.reach_x), kernel.reach_y));
        kernel.runs.back().weight = disc.weight;
    }
    if (!is_near) turn(kernel);
    return kernel;
}

} // namespace d2f

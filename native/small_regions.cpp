// Small regions of a map are taken into the region that surrounds them most.
//
// Twin: `absorb_small_regions` of d2f/scene/reference.py. A pixel whose colour happens to be that of
// the other side of an edge becomes a crumb of wrong depth, sharp on a blurred ground or the other
// way round, which the eye finds at once. It does not judge by colour again: what is this small and
// stands alone is absorbed, right or wrong. Serial, since runs of whole rows make it fast enough.

#include "scene.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

namespace d2f::scene {

namespace {

// A stretch of a row without a step in it.
struct Run {
    int row, begin, end;
};

struct Regions {
    std::vector<Run> runs;
    std::vector<size_t> first_of_row; // rows + 1
    std::vector<int> parent;          // of each run; the region's name is its lowest run

    int root(int run) {
        while (parent[size_t(run)] != run) {
            parent[size_t(run)] = parent[size_t(parent[size_t(run)])];
            run = parent[size_t(run)];
        }
        return run;
    }
    void join(int a, int b) {
        a = root(a), b = root(b);
        if (a != b) parent[size_t(std::max(a, b))] = std::min(a, b);
    }
};

void cut_into_runs(const float *map, Size size, float step, Regions &regions) {
    for (int y = 0; y < size.rows; ++y) {
        const float *row = map + size_t(y) * size.cols;
        regions.first_of_row.push_back(regions.runs.size());
        int begin = 0;
        for (int x = 1; x <= size.cols; ++x)
            if (x == size.cols || std::fabs(row[x] - row[x - 1]) > step) {
                regions.runs.push_back({y, begin, x});
                begin = x;
            }
    }
    regions.first_of_row.push_back(regions.runs.size());
    regions.parent.resize(regions.runs.size());
    for (size_t i = 0; i < regions.runs.size(); ++i) regions.parent[i] = int(i);
}

// Calls `visit(upper run, lower run, from, to)` for each stretch where runs of two rows touch.
template <class Visit> void for_touching(const Regions &regions, int row, Visit visit) {
    size_t a = regions.first_of_row[size_t(row) - 1], b = regions.first_of_row[size_t(row)];
    const size_t a_end = b, b_end = regions.first_of_row[size_t(row) + 1];
    while (a < a_end && b < b_end) {
        const Run &up = regions.runs[a], &down = regions.runs[b];
        visit(int(a), int(b), std::max(up.begin, down.begin), std::min(up.end, down.end));
        if (up.end <= down.end) ++a;
        if (down.end <= up.end) ++b;
    }
}

void join_rows(const float *map, Size size, float step, Regions &regions) {
    for (int y = 1; y < size.rows; ++y) {
        const float *row = map + size_t(y) * size.cols, *above = row - size.cols;
        for_touching(regions, y, [&](int up, int down, int from, int to) {
            for (int x = from; x < to; ++x)
                if (std::fabs(row[x] - above[x]) <= step) {
                    regions.join(up, down);
                    return;
                }
        });
    }
}

// What a small region touches: pixels of contact and their sum, per large region.
struct Contact {
    int region;
    long long count;
    double sum;
};

void touch(std::vector<Contact> &contacts, int region, double value) {
    for (Contact &c : contacts)
        if (c.region == region) {
            ++c.count, c.sum += value;
            return;
        }
    contacts.push_back({region, 1, value});
}

} // namespace

void absorb_small_regions(float *map, Size size, float step, int min_area) {
    Regions regions;
    cut_into_runs(map, size, step, regions);
    join_rows(map, size, step, regions);
    std::vector<long long> area(regions.runs.size(), 0);
    for (size_t i = 0; i < regions.runs.size(); ++i)
        area[size_t(regions.root(int(i)))] += regions.runs[i].end - regions.runs[i].begin;

    std::vector<std::vector<Contact>> contacts(regions.runs.size());
    auto meet = [&](int a, int b, float value_a, float value_b) {
        const int one = regions.root(a), other = regions.root(b);
        const bool small = area[size_t(one)] < min_area, other_small = area[size_t(other)] < min_area;
        if (small && !other_small) touch(contacts[size_t(one)], other, value_b);
        if (other_small && !small) touch(contacts[size_t(other)], one, value_a);
    };
    for (int y = 0; y < size.rows; ++y) {
        const float *row = map + size_t(y) * size.cols;
        for (size_t i = regions.first_of_row[size_t(y)] + 1; i < regions.first_of_row[size_t(y) + 1]; ++i) {
            const int x = regions.runs[i].begin;
            meet(int(i) - 1, int(i), row[x - 1], row[x]);
        }
        if (y == 0) continue;
        for_touching(regions, y, [&](int up, int down, int from, int to) {
            if (regions.root(up) == regions.root(down)) return;
            for (int x = from; x < to; ++x) meet(up, down, row[x - size.cols], row[x]);
        });
    }

    for (size_t i = 0; i < regions.runs.size(); ++i) {
        const std::vector<Contact> &met = contacts[size_t(regions.root(int(i)))];
        if (met.empty()) continue; // large, or among small ones only
        const Contact *most = &met[0];
        for (const Contact &c : met)
            if (c.count > most->count || (c.count == most->count && c.region < most->region)) most = &c;
        const Run &run = regions.runs[i];
        std::fill(map + size_t(run.row) * size.cols + run.begin,
                  map + size_t(run.row) * size.cols + run.end, float(most->sum / double(most->count)));
    }
}

} // namespace d2f::scene

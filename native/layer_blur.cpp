// One depth layer through the opening: weights, vertical prefix sums, and sums over columns.
//
// Twin: `_share` and `_convolve` of d2f/renderer/layered.py. A disc costs two reads per column, not
// per pixel: with P the sum of a column from the top, a run of rows is P[end] - P[begin]. The sums
// are integers with the rounding error carried on to the next row: differences of far-away floats
// would lose a constant picture's last bits, and integers give the same bytes in any order. Kernels
// below about 5 px, where rounding a run to whole rows would show, are summed pixel by pixel.

#include "layer_blur.h"

#include <cstring>

#include "opening.h"

#pragma GCC diagnostic ignored "-Wpsabi"

namespace d2f {

namespace {

constexpr int RUN = 16;                     // columns handled together
constexpr float FULL_SCALE = 1073741824.f;  // 2^30: the largest sum under a kernel

typedef int32_t Ints __attribute__((vector_size(32), aligned(4), may_alias));
typedef uint32_t Sums __attribute__((vector_size(32), aligned(4), may_alias));
typedef float Floats __attribute__((vector_size(32), aligned(4), may_alias));

D2F_CLONES void range_of_row(const float *square, const float *cover, int count, float *low,
                             float *high) {
    for (int x = 0; x < count; x += RUN) {
        const int n = std::min(RUN, count - x);
        float lows[RUN], highs[RUN];
        for (int i = 0; i < RUN; ++i) lows[i] = NOWHERE, highs[i] = -NOWHERE;
        if (n == RUN)
            for (int i = 0; i < RUN; ++i) {
                lows[i] = cover[x + i] > 0 ? square[x + i] : NOWHERE;
                highs[i] = cover[x + i] > 0 ? square[x + i] : -NOWHERE;
            }
        else
            for (int i = 0; i < n; ++i)
                if (cover[x + i] > 0) lows[i] = highs[i] = square[x + i];
        for (int half = RUN / 2; half; half /= 2)
            for (int i = 0; i < half; ++i) {
                lows[i] = lows[i + half] < lows[i] ? lows[i + half] : lows[i];
                highs[i] = highs[i + half] > highs[i] ? highs[i + half] : highs[i];
            }
        low[x / RUN] = std::min(low[x / RUN], lows[0]);
        high[x / RUN] = std::max(high[x / RUN], highs[0]);
    }
}

// Values are not negative, so that their bits compare as they do; integers vectorise.
D2F_CLONES int32_t largest_bits(const float *values, int count, int32_t so_far) {
    typedef int32_t Bits __attribute__((may_alias));
    const Bits *bits = reinterpret_cast<const Bits *>(values);
    for (int x = 0; x < count; ++x) so_far = bits[x] > so_far ? bits[x] : so_far;
    return so_far;
}

float largest(const float *values, int count, float so_far) {
    int32_t bits;
    std::memcpy(&bits, &so_far, sizeof bits);
    bits = largest_bits(values, count, bits);
    std::memcpy(&so_far, &bits, sizeof bits);
    return so_far;
}

struct Hat {
    float nearer, farther, per_nearer, per_farther;
    explicit Hat(const Layer &l)
        : nearer(l.nearer), farther(l.farther), per_nearer(1.f / (l.nearer - l.square)),
          per_farther(1.f / (l.square - l.farther)) {}
};

D2F_CLONES void weigh_row(Hat hat, const float *r, const float *g, const float *b, const float *a,
                          const float *square, int count, bool add, float *out_r, float *out_g,
                          float *out_b, float *out_a) {
    for (int x = 0; x < count; ++x) {
        const float up = (square[x] - hat.farther) * hat.per_farther;
        const float down = (hat.nearer - square[x]) * hat.per_nearer;
        float w = up < down ? up : down;
        w = w < 0.f ? 0.f : w;
        w = w > 1.f ? 1.f : w;
        const float keep = add ? 1.f : 0.f;
        out_r[x] = keep * out_r[x] + w * r[x];
        out_g[x] = keep * out_g[x] + w * g[x];
        out_b[x] = keep * out_b[x] + w * b[x];
        out_a[x] = keep * out_a[x] + w * a[x];
    }
}

D2F_CLONES void sum_row(const float *entry, float scale, int count, float *carry,
                        const int32_t *above, int32_t *below) {
    for (int x = 0; x < count; ++x) {
        const float v = entry[x] * scale + carry[x];
        const int32_t whole = int32_t(v + 0.5f); // v >= -0.5
        carry[x] = v - float(whole);
        below[x] = int32_t(uint32_t(above[x]) + uint32_t(whole));
    }
}

// Sums the runs of all columns for 16 pixels at a time: planes follow each other `stride` apart.
D2F_CLONES void sum_columns(const int32_t *const *top, const int32_t *const *bottom, int columns,
                            size_t stride, int begin, int end, const float *unscale, bool onto,
                            float *out, size_t out_stride) {
    for (int x = begin; x < end; x += RUN) {
        Sums a0{}, a1{}, b0{}, b1{}, c0{}, c1{}, d0{}, d1{};
        for (int k = 0; k < columns; ++k) {
            const int32_t *t = top[k] + x, *u = bottom[k] + x;
            a0 += *(const Sums *)u - *(const Sums *)t;
            a1 += *(const Sums *)(u + 8) - *(const Sums *)(t + 8);
            t += stride, u += stride;
            b0 += *(const Sums *)u - *(const Sums *)t;
            b1 += *(const Sums *)(u + 8) - *(const Sums *)(t + 8);
            t += stride, u += stride;
            c0 += *(const Sums *)u - *(const Sums *)t;
            c1 += *(const Sums *)(u + 8) - *(const Sums *)(t + 8);
            t += stride, u += stride;
            d0 += *(const Sums *)u - *(const Sums *)t;
            d1 += *(const Sums *)(u + 8) - *(const Sums *)(t + 8);
        }
        float *o = out + x;
        const float keep = onto ? 1.f : 0.f;
        *(Floats *)o = keep * *(Floats *)o + __builtin_convertvector((Ints)a0, Floats) * unscale[0];
        *(Floats *)(o + 8) =
            keep * *(Floats *)(o + 8) + __builtin_convertvector((Ints)a1, Floats) * unscale[0];
        o += out_stride;
        *(Floats *)o = keep * *(Floats *)o + __builtin_convertvector((Ints)b0, Floats) * unscale[1];
        *(Floats *)(o + 8) =
            keep * *(Floats *)(o + 8) + __builtin_convertvector((Ints)b1, Floats) * unscale[1];
        o += out_stride;
        *(Floats *)o = keep * *(Floats *)o + __builtin_convertvector((Ints)c0, Floats) * unscale[2];
        *(Floats *)(o + 8) =
            keep * *(Floats *)(o + 8) + __builtin_convertvector((Ints)c1, Floats) * unscale[2];
        o += out_stride;
        *(Floats *)o = keep * *(Floats *)o + __builtin_convertvector((Ints)d0, Floats) * unscale[3];
        *(Floats *)(o + 8) =
            keep * *(Floats *)(o + 8) + __builtin_convertvector((Ints)d1, Floats) * unscale[3];
    }
}

// The same with a weight for every pixel of a small kernel.
D2F_CLONES void sum_pixels(const float *const *lines, const float *weights, int count,
                           size_t stride, int begin, int end, float *out, size_t out_stride) {
    for (int x = begin; x < end; x += RUN) {
        Floats a0{}, a1{}, b0{}, b1{}, c0{}, c1{}, d0{}, d1{};
        for (int k = 0; k < count; ++k) {
            const float *e = lines[k] + x, w = weights[k];
            a0 += *(const Floats *)e * w, a1 += *(const Floats *)(e + 8) * w;
            e += stride;
            b0 += *(const Floats *)e * w, b1 += *(const Floats *)(e + 8) * w;
            e += stride;
            c0 += *(const Floats *)e * w, c1 += *(const Floats *)(e + 8) * w;
            e += stride;
            d0 += *(const Floats *)e * w, d1 += *(const Floats *)(e + 8) * w;
        }
        float *o = out + x;
        *(Floats *)o = a0, *(Floats *)(o + 8) = a1, o += out_stride;
        *(Floats *)o = b0, *(Floats *)(o + 8) = b1, o += out_stride;
        *(Floats *)o = c0, *(Floats *)(o + 8) = c1, o += out_stride;
        *(Floats *)o = d0, *(Floats *)(o + 8) = d1;
    }
}

} // namespace

void LayerBlur::begin(Tile &tile, int apron, const TileFrame &frame) {
    tile_ = &tile, apron_ = apron, frame_ = &frame;
    blocks_ = blocks(tile.cols, RUN);
    low_.assign(size_t(tile.rows) * blocks_, NOWHERE);
    high_.assign(size_t(tile.rows) * blocks_, -NOWHERE);
    for (int y = 0; y < tile.rows; ++y) {
        float *low = &low_[size_t(y) * blocks_], *high = &high_[size_t(y) * blocks_];
        range_of_row(tile.row(0, 4, y), tile.row(0, 3, y), tile.cols, low, high);
        for (int x = 0; tile.any_back && x < tile.cols; x += SEGMENT)
            if (tile.has_back(y, x)) {
                const int n = std::min(SEGMENT, tile.cols - x);
                range_of_row(tile.row(1, 4, y) + x, tile.row(1, 3, y) + x, n, low + x / RUN,
                             high + x / RUN);
            }
    }
    is_measured_ = false;
}

// Largest values that a pixel of any layer can have: they set the scale of the sums.
void LayerBlur::measure() {
    Tile &tile = *tile_;
    float front = 0, back = 0;
    for (int y = 0; y < tile.rows; ++y)
        for (int c = 0; c < 3; ++c) {
            front = largest(tile.row(0, c, y), tile.cols, front);
            for (int x = 0; tile.any_back && x < tile.cols; x += SEGMENT)
                if (tile.has_back(y, x))
                    back = largest(tile.row(1, c, y) + x, std::min(SEGMENT, tile.cols - x), back);
        }
    brightest_ = std::max(front + back, 1e-30f);
    fullest_ = tile.any_back ? 2.f : 1.f;
    is_measured_ = true;
}

bool LayerBlur::row_has(const Layer &layer, int y) const {
    const float *low = &low_[size_t(y) * blocks_], *high = &high_[size_t(y) * blocks_];
    for (int k = 0; k < blocks_; ++k)
        if (high[k] > layer.farther && low[k] < layer.nearer) return true;
    return false;
}

bool LayerBlur::find_extent(const Layer &layer) {
    y0_ = tile_->rows, y1_ = 0, x0_ = blocks_, x1_ = 0;
    for (int y = 0; y < tile_->rows; ++y) {
        const float *low = &low_[size_t(y) * blocks_], *high = &high_[size_t(y) * blocks_];
        for (int k = 0; k < blocks_; ++k)
            if (high[k] > layer.farther && low[k] < layer.nearer) {
                y0_ = std::min(y0_, y), y1_ = y + 1;
                x0_ = std::min(x0_, k), x1_ = std::max(x1_, k + 1);
            }
    }
    x0_ *= RUN, x1_ = std::min(tile_->cols, x1_ * RUN);
    return y0_ < y1_;
}

// The layer's share of one row, columns x0_ ... x1_.
void LayerBlur::weigh(const Layer &layer, int y, float *const *planes) {
    Tile &t = *tile_;
    const Hat hat(layer);
    auto add = [&](int entry, int from, int to, bool onto) {
        const int o = from - x0_;
        weigh_row(hat, t.row(entry, 0, y) + from, t.row(entry, 1, y) + from,
                  t.row(entry, 2, y) + from, t.row(entry, 3, y) + from, t.row(entry, 4, y) + from,
                  to - from, onto, planes[0] + o, planes[1] + o, planes[2] + o, planes[3] + o);
    };
    add(0, x0_, x1_, false);
    if (!t.any_back) return;
    for (int x = x0_ / SEGMENT * SEGMENT; x < x1_; x += SEGMENT)
        if (t.has_back(y, x)) add(1, std::max(x, x0_), std::min(x + SEGMENT, x1_), true);
}

void LayerBlur::sum_rows(const Layer &layer) {
    const int margin = margin_, width = x1_ - x0_;
    const float bright = FULL_SCALE / (layer.kernel.runs[0].area * brightest_);
    const float full = FULL_SCALE / (layer.kernel.runs[0].area * fullest_);
    for (int c = 0; c < 4; ++c) {
        scale_[c] = c < 3 ? bright : full;
        std::memset(sums(y0_, c), 0, sizeof(int32_t) * size_t(stride_));
    }
    std::fill(carry_.begin(), carry_.end(), 0.f);
    float *planes[4];
    for (int c = 0; c < 4; ++c) planes[c] = entry_.data() + size_t(c) * stride_;
    for (int y = y0_; y < y1_; ++y) {
        if (!row_has(layer, y)) {
            std::memcpy(sums(y + 1, 0), sums(y, 0), sizeof(int32_t) * size_t(4) * stride_);
            continue;
        }
        weigh(layer, y, planes);
        for (int c = 0; c < 4; ++c) {
            int32_t *out = sums(y + 1, c);
            std::memset(out, 0, sizeof(int32_t) * size_t(margin));
            sum_row(planes[c], c < 3 ? bright : full, width, carry_.data() + size_t(c) * stride_,
                    sums(y, c) + margin, out + margin);
            std::memset(out + margin + width, 0, sizeof(int32_t) * size_t(stride_ - margin - width));
        }
    }
}

void LayerBlur::keep_rows(const Layer &layer) {
    const int margin = margin_, width = x1_ - x0_;
    for (int y = y0_; y < y1_; ++y) {
        float *planes[4];
        for (int c = 0; c < 4; ++c) {
            planes[c] = reinterpret_cast<float *>(sums(y, c)) + margin;
            std::memset(sums(y, c), 0, sizeof(float) * size_t(margin));
            std::memset(planes[c] + width, 0, sizeof(float) * size_t(stride_ - margin - width));
        }
        weigh(layer, y, planes);
    }
}

bool LayerBlur::prepare(const Layer &layer) {
    cut_row_ = -1;
    if (!find_extent(layer)) return false;
    const int reach_x = layer.kernel.reach_x, reach_y = layer.kernel.reach_y;
    const int width = tile_->cols - 2 * apron_;
    begin_ = std::max(0, x0_ - reach_x - apron_), end_ = std::min(width, x1_ + reach_x - apron_);
    if (begin_ >= end_ || y1_ + reach_y <= apron_ || y0_ - reach_y >= tile_->rows - apron_)
        return false; // nothing of it reaches the cells asked for
    // Zeros left and right of the content, as far as the columns around it are read.
    margin_ = std::max(0, x0_ - (begin_ + apron_ - reach_x));
    const int after = std::max(0, end_ + RUN + apron_ + reach_x - x1_);
    stride_ = (margin_ + x1_ - x0_ + after + RUN - 1) / RUN * RUN;
    const size_t need = size_t(tile_->rows + 1) * 4 * stride_;
    if (sums_.size() < need) sums_.resize(need);
    carry_.resize(size_t(4) * stride_), entry_.resize(size_t(4) * stride_);
    zeros_.assign(size_t(4) * stride_, 0.f);
    if (layer.kernel.dense.empty()) {
        if (!is_measured_) measure();
        sum_rows(layer);
    } else
        keep_rows(layer);
    return true;
}

// Kernels of the shape cells that row y crosses.
void LayerBlur::cut_kernels(const Layer &layer, int y) {
    const TileFrame &f = *frame_;
    if (cut_row_ == y / SHAPE_CELL) return;
    cut_row_ = y / SHAPE_CELL;
    cut_.clear();
    const int size = SHAPE_CELL * f.scale, y0 = (f.y0 / SHAPE_CELL + cut_row_) * size;
    for (int k = 0; k < blocks(tile_->cols - 2 * apron_, SHAPE_CELL); ++k) {
        const int x0 = (f.x0 / SHAPE_CELL + k) * size;
        const int y1 = std::min(y0 + size, f.photo_rows), x1 = std::min(x0 + size, f.photo_cols);
        const Place place = place_of(0.5f * float(y0 + y1 - 1), 0.5f * float(x0 + x1 - 1),
                                     f.photo_rows, f.photo_cols);
        cut_.push_back(cut_kernel(f.opening, layer, place));
    }
}

void LayerBlur::spread_runs(const Runs &runs, int y, int begin, int end, bool onto,
                            BlurredRows &out) {
    const int columns = int(runs.first.size()), at = y + apron_;
    // Column x of the cells asked for is column x + shift of the sums.
    const int shift = apron_ - x0_ + margin_;
    top_.resize(columns), bottom_.resize(columns);
    for (int k = 0; k < columns; ++k) {
        const int first = std::min(y1_, std::max(y0_, at + runs.first[k]));
        const int last = std::min(y1_, std::max(y0_, at + runs.last[k]));
        top_[k] = sums(first, 0) + shift + runs.column[k];
        bottom_[k] = sums(last, 0) + shift + runs.column[k];
    }
    float unscale[4];
    for (int c = 0; c < 4; ++c) unscale[c] = runs.weight / (scale_[c] * runs.area);
    sum_columns(top_.data(), bottom_.data(), columns, stride_, begin, end, unscale, onto,
                out.store.data(), out.stride);
}

void LayerBlur::spread(const Kernel &kernel, int y, int begin, int end, BlurredRows &out) {
    for (const Runs &runs : kernel.runs)
        spread_runs(runs, y, begin, end, &runs != &kernel.runs[0], out);
    if (kernel.dense.empty()) return;
    const int rows = 2 * kernel.reach_y + 1, columns = 2 * kernel.reach_x + 1;
    const int shift = apron_ - x0_ + margin_ - kernel.reach_x;
    lines_.resize(size_t(rows) * columns);
    for (int j = 0; j < rows; ++j) {
        const int from = y + apron_ + j - kernel.reach_y;
        const float *line = from < y0_ || from >= y1_
                                ? zeros_.data()
                                : reinterpret_cast<const float *>(sums(from, 0));
        for (int k = 0; k < columns; ++k) lines_[size_t(j) * columns + k] = line + shift + k;
    }
    sum_pixels(lines_.data(), kernel.dense.data(), rows * columns, stride_, begin, end,
               out.store.data(), out.stride);
}

bool LayerBlur::row(const Layer &layer, int y, BlurredRows &out) {
    const int width = tile_->cols - 2 * apron_, at = y + apron_, begin = begin_, end = end_;
    if (at + layer.kernel.reach_y < y0_ || at - layer.kernel.reach_y >= y1_) return false;
    for (int c = 0; c < 4; ++c) {
        std::fill(out.plane(c), out.plane(c) + begin, 0.f);
        std::fill(out.plane(c) + end, out.plane(c) + width, 0.f);
    }
    if (frame_->opening.cats_eye > 0) {
        cut_kernels(layer, y);
        for (int x = begin, next; x < end; x = next) { // runs write past their end: left to right
            next = std::min(end, (x / SHAPE_CELL + 1) * SHAPE_CELL);
            spread(cut_[size_t(x / SHAPE_CELL)], y, x, next, out);
        }
    } else
        spread(layer.kernel, y, begin, end, out);
    // Runs of 16 write past the end; what follows must be as empty as it is.
    for (int c = 0; c < 4; ++c)
        std::fill(out.plane(c) + end, out.plane(c) + std::max(end, width), 0.f);
    return true;
}

bool LayerBlur::unblurred_row(const Layer &focus, int y, BlurredRows &out) {
    const int at = y + apron_;
    if (!row_has(focus, at)) return false;
    x0_ = apron_, x1_ = tile_->cols - apron_;
    float *planes[4] = {out.plane(0), out.plane(1), out.plane(2), out.plane(3)};
    weigh(focus, at, planes);
    return true;
}

} // namespace d2f

#pragma once

#include "renderer.h"

namespace d2f {

// One row of a blurred layer: planes r, g, b, coverage; `stride` floats each.
struct BlurredRows {
    int stride = 0;
    std::vector<float> store;
    float *plane(int channel) { return store.data() + size_t(channel) * stride; }
};

// Where a tile's cells lie, for shapes that depend on the place: the cell (y0, x0) of a picture of
// rows x cols at 1 / scale of the photo.
struct TileFrame {
    const Opening &opening;
    int y0, x0, scale, photo_rows, photo_cols;
};

// Draws layers of one tile. The tile has an apron of `apron` cells around the cells asked for.
class LayerBlur {
  public:
    void begin(Tile &tile, int apron, const TileFrame &frame); // measures the tile once for all its layers
    bool prepare(const Layer &layer);                  // false: nothing of the tile is in it
    bool row(const Layer &layer, int y, BlurredRows &out); // false: the row is empty
    bool unblurred_row(const Layer &focus, int y, BlurredRows &out);

  private:
    Tile *tile_ = nullptr;
    const TileFrame *frame_ = nullptr;
    std::vector<Kernel> cut_;           // of one layer and one row of shape cells
    int cut_row_ = -1;
    int apron_ = 0, blocks_ = 0;
    float brightest_ = 1.f, fullest_ = 1.f;
    std::vector<float> low_, high_;     // range of squares per row and run of 16 columns
    std::vector<int32_t> sums_;         // (rows + 1) x 4 planes; or floats, for dense kernels
    std::vector<float> carry_, entry_;
    std::vector<const int32_t *> top_, bottom_;
    std::vector<const float *> lines_;
    std::vector<float> zeros_;
    int y0_ = 0, y1_ = 0, x0_ = 0, x1_ = 0;  // the layer's content in the tile
    int begin_ = 0, end_ = 0;                // columns asked for that it reaches
    int margin_ = 0, stride_ = 0;            // of the sums
    float scale_[4] = {1, 1, 1, 1};          // of the sums

    bool is_measured_ = false;

    void measure();
    void cut_kernels(const Layer &layer, int y);
    void spread(const Kernel &kernel, int y, int begin, int end, BlurredRows &out);
    void spread_runs(const Runs &runs, int y, int begin, int end, bool onto, BlurredRows &out);
    bool find_extent(const Layer &layer);
    bool row_has(const Layer &layer, int y) const;
    void weigh(const Layer &layer, int y, float *const *planes);
    void sum_rows(const Layer &layer);
    void keep_rows(const Layer &layer);
    int32_t *sums(int y, int channel) { return sums_.data() + (size_t(y) * 4 + channel) * stride_; }
};

} // namespace d2f

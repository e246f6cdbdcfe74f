// Adds layers to what a tile has gathered so far, blurred or in focus.
//
// Twin: the loop of `_composite` in d2f/renderer/layered.py.

#include "tile_layers.h"

namespace d2f {

void add_layer(Scratch &s, const Layer &layer) {
    if (!s.layer_blur.prepare(layer)) {
        end_surface(s.gathered);
        return;
    }
    for (int y = 0; y < s.gathered.rows; ++y)
        if (s.layer_blur.row(layer, y, s.rows))
            composite_row(s.gathered, y, s.rows.plane(0), s.rows.plane(1), s.rows.plane(2),
                          s.rows.plane(3));
        else
            end_surface_row(s.gathered, y);
}

void begin_tile(Scratch &s, int rows, int cols) {
    s.gathered.reset(rows, cols);
    s.rows.stride = (cols + 47) / 16 * 16;
    s.rows.store.resize(size_t(4) * s.rows.stride + 16);
}

void add_focus(Scratch &s, const Layer &focus) {
    bool any = false;
    for (int y = 0; y < s.gathered.rows; ++y)
        if (s.layer_blur.unblurred_row(focus, y, s.rows)) {
            any = true;
            composite_row(s.gathered, y, s.rows.plane(0), s.rows.plane(1), s.rows.plane(2),
                          s.rows.plane(3));
        } else
            end_surface_row(s.gathered, y);
    if (!any) end_surface(s.gathered);
}

} // namespace d2f

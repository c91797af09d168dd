// Panels: rows transposed into lanes and back.
#include "check.h"

static void check_pack(const ak_kernels *kernels, int rows, int width, int vectors, bool scaled) {
    const int lanes = vectors * kernels->lane_width, stride = width + 3;
    const float scale = scaled ? 0.37f : 1;
    working_on("%s pack_panel, %d rows of %d into %d vectors", kernels->name, rows, width, vectors);
    float *source = floats((int64_t)(rows - 1) * stride + width);
    float *row_scale = scaled ? random_floats(rows) : NULL;
    float *panel = floats((int64_t)width * lanes);
    for (int r = 0; r < rows; r++) {
        for (int d = 0; d < width; d++) source[r * stride + d] = (float)random_number();
    }
    const float *scattered[64];
    for (int r = 0; r < rows; r++) scattered[r] = source + r * stride;
    float *same = floats((int64_t)width * lanes);
    kernels->pack_panel(source, stride, rows, width, scale, row_scale, vectors, panel);
    kernels->pack_rows(scattered, rows, width, scale, row_scale, vectors, same);
    bool right = true;
    for (int d = 0; d < width; d++) {
        for (int r = 0; r < lanes; r++) {
            float want = 0;
            if (r < rows) {
                want = source[r * stride + d] * scale;
                if (row_scale) want *= row_scale[r];
            }
            right = right && panel[d * lanes + r] == want && same[d * lanes + r] == want;
        }
    }
    expect(right, "not the rows transposed, times their scales");
    release_memory();
}

static void check_unpack(const ak_kernels *kernels, int rows, int width, int vectors) {
    const int lanes = vectors * kernels->lane_width, stride = width + 2;
    working_on("%s unpack_rows, %d rows of %d from %d vectors", kernels->name, rows, width, vectors);
    float *panel = random_floats((int64_t)width * lanes);
    float *row_scale = random_floats(rows);
    float *rows_out = floats((int64_t)(rows - 1) * stride + width);
    float *scattered[64];
    for (int r = 0; r < rows; r++) scattered[r] = rows_out + r * stride;
    kernels->unpack_rows(panel, vectors, row_scale, rows, width, scattered);
    bool right = true, gaps = true;
    for (int r = 0; r < rows; r++) {
        for (int d = 0; d < stride && (r < rows - 1 || d < width); d++) {
            const float found = rows_out[r * stride + d];
            if (d < width) right = right && found == panel[d * lanes + r] * row_scale[r];
            else gaps = gaps && found != found;
        }
    }
    expect(right, "not the panel transposed, times the rows' scales");
    expect(gaps, "something was written between the rows");
    release_memory();
}

void check_panels(const ak_kernels *kernels) {
    static const int widths[] = {1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 33, 64, 80};
    for (int vectors = 1; vectors <= kernels->max_vectors; vectors++) {
        for (int rows = 1; rows <= vectors * kernels->lane_width; rows++) {
            for (int w = 0; w < COUNT(widths); w++) {
                check_pack(kernels, rows, widths[w], vectors, false);
                check_pack(kernels, rows, widths[w], vectors, true);
                check_unpack(kernels, rows, widths[w], vectors);
            }
        }
    }
}

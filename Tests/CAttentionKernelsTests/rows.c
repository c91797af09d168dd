// Operations on rows: lengths and dot products.
#include "check.h"

#include <math.h>

static void check_lengths(const ak_kernels *kernels, int rows, int width) {
    const int stride = width + 5;
    working_on("%s inverse_norms, %d rows of %d", kernels->name, rows, width);
    float *x = floats((int64_t)(rows - 1) * stride + width), *out = floats(rows);
    for (int r = 0; r < rows; r++) {
        for (int i = 0; i < width; i++) x[r * stride + i] = r == 1 ? 0 : (float)(random_number() * pow(10, r % 5 - 2));
    }
    kernels->inverse_norms(x, stride, rows, width, out);
    for (int r = 0; r < rows; r++) {
        double squares = 0;
        for (int i = 0; i < width; i++) squares += (double)x[r * stride + i] * x[r * stride + i];
        if (squares == 0) expect(out[r] == 0, "row %d is zero and has %g", r, out[r]);
        else expect_error("inverse_norms", fabs(out[r] * sqrt(squares) - 1), 1e-6);
    }
    release_memory();
}

void check_rows(const ak_kernels *kernels) {
    static const int widths[] = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 64, 100, 384, 1023};
    for (int w = 0; w < COUNT(widths); w++) {
        check_lengths(kernels, 1, widths[w]);
        check_lengths(kernels, 7, widths[w]);
    }
}

// Operations on rows: layer norm, norms and dot products.
#include "check.h"

#include <math.h>

typedef struct {
    int rows, width;
    bool residual, affine;
    double centre, spread;  // of a row's numbers
    double epsilon;
} Norm;

static void check_layer_norm(const ak_kernels *kernels, Norm n) {
    working_on("%s layer_norm, %d rows of %d about %g, residual %d, gain and bias %d", kernels->name, n.rows, n.width,
               n.centre, n.residual, n.affine);
    float *x = random_floats((int64_t)n.rows * n.width), *out = floats((int64_t)n.rows * n.width);
    float *residual = n.residual ? random_floats((int64_t)n.rows * n.width) : NULL;
    float *gain = n.affine ? random_floats(n.width) : NULL, *bias = n.affine ? random_floats(n.width) : NULL;
    for (int i = 0; i < n.rows * n.width; i++) x[i] = (float)(n.centre + n.spread * x[i]);
    kernels->layer_norm(x, residual, n.rows, n.width, gain, bias, (float)n.epsilon, out);
    double largest = 0;
    for (int r = 0; r < n.rows; r++) {
        double mean = 0, variance = 0, magnitude = 0;
#define Y(i) ((double)x[r * n.width + (i)] + (residual ? residual[r * n.width + (i)] : 0))
        for (int i = 0; i < n.width; i++) mean += Y(i) / n.width;
        for (int i = 0; i < n.width; i++) variance += (Y(i) - mean) * (Y(i) - mean) / n.width;
        for (int i = 0; i < n.width; i++) magnitude = fmax(magnitude, fabs(Y(i)));
        const double scale = 1 / sqrt(variance + (float)n.epsilon);
        for (int i = 0; i < n.width; i++) {
            const double g = gain ? gain[i] : 1, b = bias ? bias[i] : 0;
            const double error = fabs(out[r * n.width + i] - ((Y(i) - mean) * scale * g + b));
            // A row's numbers are rounded before the norm makes them larger.
            const double allowed = magnitude * scale * (fabs(g) + fabs(b) + 0.1) + fabs(b);
            if (!(error / allowed <= largest)) largest = error / allowed;
        }
#undef Y
    }
    expect_error(n.residual ? "layer_norm with residual" : "layer_norm", largest, 2e-6);
    release_memory();
}

static void check_norms(const ak_kernels *kernels, int rows, int width) {
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
        for (int which = 0; which < 4; which++) {
            const bool residual = which & 1, affine = which & 2;
            check_layer_norm(kernels, (Norm){3, widths[w], residual, affine, 0, 1, 1e-5});
            check_layer_norm(kernels, (Norm){2, widths[w], residual, affine, 1000, 1, 1e-12});
            check_layer_norm(kernels, (Norm){2, widths[w], residual, affine, 0.3, 0, 1e-5});  // all alike
        }
        check_norms(kernels, 1, widths[w]);
        check_norms(kernels, 7, widths[w]);
    }
}

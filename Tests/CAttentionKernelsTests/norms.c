// Layer norm and RMS norm, forward and backward, against the formulas in double precision.
#include "check.h"

#include <math.h>
#include <string.h>

typedef struct {
    int rows, width;
    bool centred, residual, affine;
    double centre, spread;  // of a row's numbers
    double epsilon, offset;
} Case;

// A case's numbers, with NULL for what it does not have.
typedef struct {
    float *x, *residual, *gain, *bias, *dy;
} Numbers;

static Numbers numbers_of(Case c) {
    const int64_t count = (int64_t)c.rows * c.width;
    Numbers n = {random_floats(count), c.residual ? random_floats(count) : NULL,
                 c.affine ? random_floats(c.width) : NULL, c.affine ? random_floats(c.width) : NULL,
                 random_floats(count)};
    for (int64_t i = 0; i < count; i++) n.x[i] = (float)(c.centre + c.spread * n.x[i]);
    return n;
}

static ak_norm norm_of(Case c, Numbers n) {
    return (ak_norm){.x = n.x, .rows = c.rows, .width = c.width, .centred = c.centred, .epsilon = (float)c.epsilon,
                     .gain = n.gain, .gain_offset = (float)c.offset, .bias = n.bias, .residual = n.residual,
                     .dy = n.dy};
}

typedef struct {
    double mean, scale, magnitude;
} Row;

static Row row_of(Case c, Numbers n, int r) {
    Row row = {0, 0, 0};
    double square = 0;
#define Y(i) ((double)n.x[r * c.width + (i)] + (n.residual ? n.residual[r * c.width + (i)] : 0))
    if (c.centred) for (int i = 0; i < c.width; i++) row.mean += Y(i) / c.width;
    for (int i = 0; i < c.width; i++) square += (Y(i) - row.mean) * (Y(i) - row.mean) / c.width;
    for (int i = 0; i < c.width; i++) row.magnitude = fmax(row.magnitude, fabs(Y(i)));
    row.scale = 1 / sqrt(square + (float)c.epsilon);
    return row;
}

static double gain_of(Case c, Numbers n, int i) { return n.gain ? n.gain[i] + (float)c.offset : 1; }

static void check_forward(const ak_kernels *kernels, Case c) {
    Numbers n = numbers_of(c);
    ak_norm norm = norm_of(c, n);
    norm.out = floats((int64_t)c.rows * c.width);
    kernels->norms.forward(&norm);
    double largest = 0;
    for (int r = 0; r < c.rows; r++) {
        const Row row = row_of(c, n, r);
        for (int i = 0; i < c.width; i++) {
            const double g = gain_of(c, n, i), b = n.bias ? n.bias[i] : 0;
            const double error = fabs(norm.out[r * c.width + i] - ((Y(i) - row.mean) * row.scale * g + b));
            // A row's numbers are rounded before the norm makes them larger.
            const double allowed = row.magnitude * row.scale * (fabs(g) + fabs(b) + 0.1) + fabs(b);
            if (!(error / allowed <= largest)) largest = error / allowed;
        }
    }
    expect_error(c.residual ? "norm with residual" : "norm", largest, 2e-6);
    release_memory();
}

static void check_backward(const ak_kernels *kernels, Case c) {
    Numbers n = numbers_of(c);
    ak_norm norm = norm_of(c, n);
    norm.dgain = floats(c.width), norm.dbias = floats(c.width);
    norm.dx = floats((int64_t)c.rows * c.width);
    for (int i = 0; i < c.width; i++) norm.dgain[i] = 1, norm.dbias[i] = 2;  // sums go on from what is there
    kernels->norms.backward(&norm);
    double dgain[1024] = {0}, dbias[1024] = {0}, width_of_gain[1024] = {0}, largest = 0;
    for (int r = 0; r < c.rows; r++) {
        const Row row = row_of(c, n, r);
        double even = 0, along = 0, steepest = 0, farthest = 0;
#define N(i) ((Y(i) - row.mean) * row.scale)
#define DY(i) n.dy[r * c.width + (i)]
        for (int i = 0; i < c.width; i++) {
            const double g = gain_of(c, n, i) * DY(i);
            if (c.centred) even += g / c.width;
            along += g * N(i) / c.width;
            steepest = fmax(steepest, fabs(g)), farthest = fmax(farthest, fabs(N(i)));
            dgain[i] += DY(i) * N(i), dbias[i] += DY(i);
            width_of_gain[i] += fabs(DY(i)) * (fabs(N(i)) + 0.1 * row.magnitude * row.scale);
        }
        const double off = 0.1 * row.magnitude * row.scale;  // by which a normalised number may be further off
        for (int i = 0; i < c.width; i++) {
            const double want = row.scale * (gain_of(c, n, i) * DY(i) - even - N(i) * along);
            const double error = fabs(norm.dx[r * c.width + i] - want);
            const double allowed = row.scale * steepest * (2 + farthest * farthest + off * (1 + farthest));
            if (!(error / allowed <= largest)) largest = error / allowed;
        }
    }
    expect_error("norm, input gradient", largest, 2e-6);
    for (int i = 0; i < c.width; i++) {
        expect_error("norm, gain gradient", fabs(norm.dgain[i] - 1 - dgain[i]) / (1 + width_of_gain[i]), 2e-6);
        expect_error("norm, bias gradient", fabs(norm.dbias[i] - 2 - dbias[i]) / (2 + c.rows), 5e-7);
    }
    // The gradient may be overwritten, and gradients that are not asked for are left out.
    norm.dx = n.dy, norm.dgain = norm.dbias = NULL;
    float *dx = floats((int64_t)c.rows * c.width);
    ak_norm again = norm_of(c, n);
    again.dx = dx;
    kernels->norms.backward(&again);
    kernels->norms.backward(&norm);
    bool same = true;
    for (int i = 0; i < c.rows * c.width; i++) same = same && same_bits(dx[i], n.dy[i]);
    expect(same, "other numbers in place");
    release_memory();
}

void check_norms(const ak_kernels *kernels) {
    static const int widths[] = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 64, 100, 384, 1023};
    for (int w = 0; w < COUNT(widths); w++) {
        for (int which = 0; which < 8; which++) {
            const bool centred = which & 1, residual = which & 2, affine = which & 4;
            const Case cases[] = {
                {3, widths[w], centred, residual, affine, 0, 1, 1e-5, 0},
                {2, widths[w], centred, residual, affine, 1000, 1, 1e-12, 1},
                {2, widths[w], centred, residual, affine, 0.3, 0, 1e-5, 0},  // all alike
            };
            for (int i = 0; i < COUNT(cases); i++) {
                working_on("%s norm, %d rows of %d about %g, centred %d, residual %d, gain and bias %d", kernels->name,
                           cases[i].rows, widths[w], cases[i].centre, centred, residual, affine);
                check_forward(kernels, cases[i]);
                if (!residual) check_backward(kernels, cases[i]);
            }
        }
    }
}

// Sums and products element by element, gradients of activations, gated units.
#include "check.h"

#include <float.h>
#include <math.h>

static void check_sums_and_products(const ak_kernels *kernels, int count) {
    working_on("%s sums and products of %d", kernels->name, count);
    float *a = random_floats(count), *b = random_floats(count);
    float *sum = floats(count), *product = floats(count), *scaled = floats(count);
    kernels->elementwise.add(a, b, count, sum);
    kernels->elementwise.multiply(a, b, count, product);
    kernels->elementwise.scale(a, 0.3f, count, scaled);
    bool right = true;
    double total = 0;
    for (int i = 0; i < count; i++) {
        right = right && sum[i] == a[i] + b[i] && product[i] == a[i] * b[i] && scaled[i] == a[i] * 0.3f;
        total += a[i];
    }
    expect(right, "a wrong number");
    expect_error("sum", fabs(kernels->elementwise.sum(a, count) - total) / (count + 1), 1e-7);
    kernels->elementwise.add(a, b, count, a);
    for (int i = 0; i < count; i++) right = right && a[i] == sum[i];
    expect(right, "other numbers in place");
    release_memory();
}

static double reference_slope(ak_activation activation, double x) {
    const double k = sqrt(2 / acos(-1));
    double s, w;
    switch (activation) {
    case AK_GELU: return erfc(-x / sqrt(2)) / 2 + x * exp(-x * x / 2) / sqrt(2 * acos(-1));
    case AK_GELU_TANH:
        w = 2 * k * (x + 0.044715 * x * x * x);
        s = 1 / (1 + exp(-w));
        return s + x * s * (1 / (1 + exp(w))) * 2 * k * (1 + 3 * 0.044715 * x * x);
    case AK_RELU: return x > 0;
    case AK_SILU: return 1 / (1 + exp(-x)) + x / (1 + exp(-x)) / (1 + exp(x));
    case AK_TANH: return 1 / cosh(x) / cosh(x);
    default: return 1;
    }
}

static void check_slope(const ak_kernels *kernels, ak_activation activation) {
    enum { SIDE = 6000, SIZE = 2 * SIDE + 1 };
    working_on("%s gradient of activation %d over a grid", kernels->name, activation);
    float *x = floats(SIZE), *dy = random_floats(SIZE), *dx = floats(SIZE);
    for (int i = 0; i < SIZE; i++) {
        const double t = (double)(i - SIDE) / SIDE;
        x[i] = (float)(30 * t * t * t);
    }
    kernels->elementwise.activate_backward(x, dy, SIZE, activation, dx);
    double largest = 0;
    for (int i = 0; i < SIZE; i++) {
        const double want = dy[i] * reference_slope(activation, x[i]);
        const double error = fabs(dx[i] - want) / (fabs(dy[i]) + 1e-30);
        if (!(error <= largest)) largest = error;
    }
    expect_error("activation gradient", largest, activation == AK_RELU || activation == AK_IDENTITY ? 0 : 4e-7);
    kernels->elementwise.activate_backward(x, dy, SIZE, activation, dy);
    bool same = true;
    for (int i = 0; i < SIZE; i++) same = same && same_bits(dx[i], dy[i]);
    expect(same, "other numbers in place");
    release_memory();

    // For large inputs a derivative is 0 or 1, and no intermediate result overflows.
    const float far[] = {200, 1e10f, 1e30f, FLT_MAX, INFINITY};
    for (int i = 0; i < 2 * COUNT(far); i++) {
        const float at = i % 2 ? -far[i / 2] : far[i / 2], one = 1;
        float got;
        kernels->elementwise.activate_backward(&at, &one, 1, activation, &got);
        const double want = activation == AK_IDENTITY || (activation != AK_TANH && at > 0);
        expect(fabs(got - want) < 1e-30, "%g has the slope %g", at, got);
    }
    const float nan = NAN, one = 1;
    float got;
    kernels->elementwise.activate_backward(&nan, &one, 1, activation, &got);
    expect(activation == AK_IDENTITY || isnan(got), "NaN has the slope %g", got);
}

static void check_gate(const ak_kernels *kernels, ak_activation activation, int rows, int width, int row) {
    working_on("%s gate with activation %d, %d × %d, %d apart", kernels->name, activation, rows, width, row);
    const int64_t span = (int64_t)(rows - 1) * row + width;
    float *gate = random_floats(span), *up = random_floats(span), *dy = random_floats((int64_t)rows * width);
    float *dgate = floats(span), *dup = floats(span);
    ak_gate unit = {.gate = gate, .up = up, .row = row, .rows = rows, .width = width, .activation = activation,
                    .out = floats((int64_t)rows * width), .dy = dy, .dgate = dgate, .dup = dup};
    kernels->elementwise.gate(&unit);
    kernels->elementwise.gate_backward(&unit);
    double largest = 0;
    for (int r = 0; r < rows; r++) {
        for (int i = 0; i < width; i++) {
            const double g = gate[r * row + i], u = up[r * row + i], d = dy[r * width + i];
            const double value = reference_activation(activation, g);
            const double errors = fabs(unit.out[r * width + i] - value * u) + fabs(dup[r * row + i] - value * d) +
                                  fabs(dgate[r * row + i] - reference_slope(activation, g) * u * d);
            if (!(errors <= largest)) largest = errors;
        }
    }
    expect_error("gated unit", largest, 6e-7);
    release_memory();
}

void check_elementwise(const ak_kernels *kernels) {
    for (int count = 0; count <= 140; count++) check_sums_and_products(kernels, count);
    for (int i = AK_IDENTITY; i <= AK_TANH; i++) {
        check_slope(kernels, (ak_activation)i);
        for (int width = 1; width <= 35; width++) {
            check_gate(kernels, (ak_activation)i, 3, width, width);
            check_gate(kernels, (ak_activation)i, 2, width, 2 * width);
        }
    }
}

// Activation functions, over a grid and where they are easily wrong.
#include "check.h"

#include <float.h>
#include <math.h>

static const char *const names[] = {"identity", "gelu", "gelu_tanh", "relu", "silu", "tanh"};

double reference_activation(ak_activation activation, double x) {
    switch (activation) {
    case AK_GELU: return x / 2 * erfc(-x / sqrt(2));
    case AK_GELU_TANH: return x / (1 + exp(-2 * sqrt(2 / acos(-1)) * (x + 0.044715 * x * x * x)));
    case AK_RELU: return x > 0 ? x : 0;
    case AK_SILU: return x / (1 + exp(-x));
    case AK_TANH: return tanh(x);
    default: return x;
    }
}

// GELU ends in 1 + erf, which cancels far below zero: its error is measured by x. SiLU's argument is
// rounded before the exponential, which ends as 0 below 2^−126.5.
static double scale_of(ak_activation activation, double x, double want) {
    if (activation == AK_GELU || activation == AK_GELU_TANH) return fabs(x) + 1e-30;
    return activation == AK_SILU ? fabs(want) * (1 + fabs(x)) + 1e-29 : fabs(want) + 1e-30;
}

static void check_grid(const ak_kernels *kernels, ak_activation activation) {
    enum { SIDE = 12000, SIZE = 2 * SIDE + 1 };
    working_on("%s %s over a grid", kernels->name, names[activation]);
    float *x = floats(SIZE), *out = floats(SIZE);
    for (int i = 0; i < SIZE; i++) {
        const double t = (double)(i - SIDE) / SIDE;
        x[i] = (float)(100 * t * t * t);  // dense about 0, out to ±100
    }
    kernels->elementwise.activate(x, SIZE, activation, out);
    double largest = 0;
    for (int i = 0; i < SIZE; i++) {
        const double want = reference_activation(activation, x[i]);
        const double error = fabs(out[i] - want) / scale_of(activation, x[i], want);
        if (!(error <= largest)) largest = error;
    }
    const bool exact = activation == AK_IDENTITY || activation == AK_RELU;
    expect_error(names[activation], largest, exact ? 0 : 4e-7);
    release_memory();
}

static void check_special(const ak_kernels *kernels, ak_activation activation) {
    static const float large[] = {FLT_MAX, 1e30f, 1e10f, 200, FLT_MIN, FLT_TRUE_MIN, 1e-30f, 0.9375f, 0.625f, 0};
    for (int i = 0; i < 2 * COUNT(large); i++) {
        const float x = i % 2 ? -large[i / 2] : large[i / 2];
        working_on("%s %s of %g", kernels->name, names[activation], x);
        float got;
        kernels->elementwise.activate(&x, 1, activation, &got);
        const double want = reference_activation(activation, x);
        expect(fabs(got - want) <= 4e-7 * scale_of(activation, x, want), "%g rather than %g", got, want);
    }
    float special[2] = {NAN, INFINITY}, out[2];
    working_on("%s %s of NaN and infinity", kernels->name, names[activation]);
    kernels->elementwise.activate(special, 2, activation, out);
    expect(isnan(out[0]), "NaN becomes %g", out[0]);
    expect(out[1] == (activation == AK_TANH ? 1 : INFINITY), "infinity becomes %g", out[1]);
}

static void check_counts(const ak_kernels *kernels, ak_activation activation) {
    for (int count = 0; count <= 40; count++) {
        working_on("%s %s of %d numbers", kernels->name, names[activation], count);
        float *x = random_floats(count), *out = floats(count);
        kernels->elementwise.activate(x, count, activation, out);
        bool same = true;
        for (int i = 0; i < count; i++) {
            float alone;
            kernels->elementwise.activate(x + i, 1, activation, &alone);
            same = same && same_bits(alone, out[i]);
        }
        expect(same, "a number's bits depend on its neighbours");
        kernels->elementwise.activate(x, count, activation, x);
        for (int i = 0; i < count; i++) same = same && same_bits(x[i], out[i]);
        expect(same, "other numbers in place");
        release_memory();
    }
}

void check_activations(const ak_kernels *kernels) {
    for (int i = AK_IDENTITY; i <= AK_TANH; i++) {
        check_grid(kernels, (ak_activation)i);
        check_special(kernels, (ak_activation)i);
        check_counts(kernels, (ak_activation)i);
    }
}

// Sums, products and gated units element by element, and the gradients of activations.
#ifndef AK_ELEMENTWISE_H
#define AK_ELEMENTWISE_H

#include <stddef.h>
#include <stdint.h>

typedef enum {
    AK_IDENTITY = 0,
    AK_GELU = 1,       // x/2 · (1 + erf(x/√2))
    AK_GELU_TANH = 2,  // x/2 · (1 + tanh(√(2/π)(x + 0.044715 x³)))
    AK_RELU = 3,
    AK_SILU = 4,  // x / (1 + e⁻ˣ)
    AK_TANH = 5,
} ak_activation;

// A gated unit, act(gate) · up, and its gradients. Rows of `width` elements; those of gate, up and their
// gradients stand `row` apart, so that they may be the two halves of longer rows.
typedef struct {
    const float *gate, *up;
    ptrdiff_t row;
    int64_t rows, width;
    ak_activation activation;
    float *out;        // [rows][width] (forward)
    const float *dy;   // [rows][width] (backward)
    float *dgate, *dup;  // `row` apart (backward)
} ak_gate;

// An output may be one of the inputs.
typedef struct {
    // out[i] = a[i] + b[i], a[i] · b[i], a[i] · factor
    void (*add)(const float *a, const float *b, int64_t count, float *out);
    void (*multiply)(const float *a, const float *b, int64_t count, float *out);
    void (*scale)(const float *a, float factor, int64_t count, float *out);
    // Σ a[i]
    float (*sum)(const float *a, int64_t count);
    // out[i] = act(x[i])
    void (*activate)(const float *x, int64_t count, ak_activation activation, float *out);
    // dx[i] = dy[i] · act'(x[i])
    void (*activate_backward)(const float *x, const float *dy, int64_t count, ak_activation activation, float *dx);
    void (*gate)(const ak_gate *unit);
    void (*gate_backward)(const ak_gate *unit);
} ak_elementwise_kernels;

#endif

// Normalisation of rows, forward and backward: layer norm (arXiv:1607.06450) and RMS norm (arXiv:1910.07467).
#ifndef AK_NORMS_H
#define AK_NORMS_H

#include <stdint.h>

// y = (x − μ) · σ · (gain + offset) + bias over rows of `width`, with μ the row's mean and σ = 1 / √(variance
// + ε) (centred), or μ = 0 and σ = 1 / √(mean square + ε).
typedef struct {
    const float *x;
    int64_t rows, width;
    int32_t centred;
    float epsilon;
    const float *gain;  // [width], or NULL: a factor of 1, whatever the offset
    float gain_offset;
    const float *bias;  // [width], or NULL: zeros

    const float *residual;  // is added to x first; or NULL (forward)
    float *out;             // (forward)

    const float *dy;      // (backward)
    float *dx;            // or NULL; may be dy
    float *dgain, *dbias; // [width], is added to; or NULL
} ak_norm;

typedef struct {
    void (*forward)(const ak_norm *norm);
    void (*backward)(const ak_norm *norm);
} ak_norm_kernels;

#endif

// Matrix products with weights in 16-bit floats, as they lie in a file.
#ifndef AK_WEIGHTS_H
#define AK_WEIGHTS_H

#include <stddef.h>
#include <stdint.h>

typedef enum { AK_FLOAT16 = 0, AK_BFLOAT16 = 1 } ak_half_format;

// y[m × n] = act(x[m × k] · Wᵀ + bias), W row by row in 16-bit floats. Every output is a sum over blocks of
// 1024 of k, begun with the first; a block's is the sum, in pairs, of `lane_width` chains of multiply-adds,
// chain j over the k that leave the remainder j. A row's bits depend neither on the other rows nor on the
// working memory.
typedef struct {
    const float *x;
    ptrdiff_t x_row;
    const uint16_t *w;  // [n][k]
    ptrdiff_t w_row;
    float *y;
    ptrdiff_t y_row;
    const float *bias;  // [n], or NULL
    int64_t m, k, n;
    int32_t format;      // an ak_half_format
    int32_t activation;  // an ak_activation
    float *scratch;      // half_scratch(m, k) numbers; NULL: weights are converted anew for every few rows
} ak_half_product;

typedef struct {
    // How many numbers of working memory a product with `m` rows of `k` wants.
    int64_t (*half_scratch)(int64_t m, int64_t k);
    void (*multiply_half)(const ak_half_product *product);
    // out[count] ← the numbers of in[count].
    void (*from_half)(const uint16_t *in, int64_t count, int32_t format, float *out);
} ak_weights_kernels;

#endif

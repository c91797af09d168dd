// Matrix products with weights that are stored in fewer bits: 16-bit floats as they lie in a file, and blocks of 8-
// and 4-bit integers laid out anew for the instruction set.
#ifndef AK_WEIGHTS_H
#define AK_WEIGHTS_H

#include <stddef.h>
#include <stdint.h>

typedef enum { AK_FLOAT16 = 0, AK_BFLOAT16 = 1 } ak_half_format;

// y[m × n] = act(x[m × k] · Wᵀ + bias), W row by row in 16-bit floats. Every output is the sum of `lane_width`
// chains of multiply-adds, chain j over the k that leave the remainder j, added up in the order of j.
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
} ak_half_product;

typedef enum { AK_Q8_0 = 0, AK_Q4_0 = 1 } ak_block_format;

// y[m × n] = act(x[m × 32·blocks] · Wᵀ + bias), W in groups of `lane_width` outputs, x in blocks of 32 8-bit
// integers. The integer sums are exact; every output is one chain of multiply-adds over the blocks, in their order.
typedef struct {
    const int8_t *x;        // [m][blocks][32]
    const float *x_scale;   // [m][blocks]
    const int32_t *x_sum;   // [m][blocks], see quantize_rows
    const uint8_t *w;       // [groups][blocks][bytes of 32 · lane_width numbers]
    const uint16_t *w_scale;  // [groups][blocks][lane_width], float16
    float *y;
    ptrdiff_t y_row;
    const float *bias;  // [n], or NULL
    int64_t m, blocks, n;
    int32_t format;      // an ak_block_format
    int32_t activation;  // an ak_activation
} ak_block_product;

typedef struct {
    void (*multiply_half)(const ak_half_product *product);
    // out[count] ← the numbers of in[count].
    void (*from_half)(const uint16_t *in, int64_t count, int32_t format, float *out);

    // q[rows][blocks][32] · scale[rows][blocks] ≈ x, |q| ≤ 127; sum: what the products with weights of `format`
    // begin their integer sums with. A block that is not finite has the scale NaN.
    void (*quantize_rows)(const float *x, ptrdiff_t x_row, int64_t rows, int64_t blocks, int32_t format, int8_t *q,
                          float *scale, int32_t *sum);
    // Lays out `outputs` ≤ lane_width rows of blocks, as a file holds them, as one group.
    void (*pack_group)(const uint8_t *rows, ptrdiff_t row_bytes, int64_t outputs, int64_t blocks, int32_t format,
                       uint8_t *w, uint16_t *scale);
    // The inverse.
    void (*unpack_group)(const uint8_t *w, const uint16_t *scale, int64_t outputs, int64_t blocks, int32_t format,
                         uint8_t *rows, ptrdiff_t row_bytes);
    void (*multiply_blocks)(const ak_block_product *product);
} ak_weights_kernels;

#endif

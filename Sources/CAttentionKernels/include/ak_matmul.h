// Matrix products C = act(A · B + bias) over packed panels of B.
//
// A *column panel* holds `lanes = max_vectors · lane_width` neighbouring columns of B, row by row: element
// (k, j) of panel p, that is column p·lanes + j of B, stands at panels + p·panel_stride + k·lanes + j.
#ifndef AK_MATMUL_H
#define AK_MATMUL_H

#include <stddef.h>
#include <stdint.h>

// C[m × n] = act(A[m × k] · B[k × n] + bias), or what follows from C where `continues`.
typedef struct {
    const float *a;
    ptrdiff_t a_row;
    const float *panels;
    ptrdiff_t panel_stride;
    float *c;
    ptrdiff_t c_row;
    const float *bias;  // [n], or NULL
    int64_t m, k, n;
    int32_t continues;   // whether C holds the sums over earlier k, whose chains go on
    int32_t activation;  // an ak_activation
} ak_product;

typedef struct {
    void (*multiply)(const ak_product *product);
    // dst[depth][lanes] ← src[depth][columns]; lanes beyond `columns` are 0.
    void (*copy_panel)(const float *src, ptrdiff_t src_row, int64_t depth, int64_t columns, float *dst);
    // sums[columns] ← Σ over the rows of src[rows][columns].
    void (*column_sums)(const float *src, ptrdiff_t src_row, int64_t rows, int64_t columns, float *sums);
} ak_matmul_kernels;

#endif

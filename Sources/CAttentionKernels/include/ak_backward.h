// Attention's backward pass. Layouts are those of CAttentionKernels.h, which includes this.
#ifndef AK_BACKWARD_H
#define AK_BACKWARD_H

// One panel of queries against one block of keys, backwards.
typedef struct {
    const ak_block *forward;  // as for `weights_block`; `scores` takes the weights as they met the values
    const float *g_panel;     // [dv][lanes], the gradient of the output
    const float *delta;       // [lanes], Σ output · its gradient
    int32_t rows;             // lanes that are queries
    // Whether a number among the inputs is not finite: what has a weight or a gradient of 0 then plays no
    // part.
    int32_t is_guarded;

    float *gradients;  // takes the gradients of the dot products, [keys][lanes]
    float *bends;      // scratch [keys][lanes], with a softcap
    float *kept;       // scratch [keys][lanes], with dropout

    float *q_gradient;            // [d][lanes]: adds Σ gradient · key; or NULL
    float *const *bias_gradient;  // [rows], each [keys]: adds the gradients of the scores after the softcap; or NULL
    float *slope_gradient;        // [lanes]: adds that of the slope in units of 1; or NULL
} ak_gradient_block;

// Some queries' tile, and a number of their rows.
typedef struct {
    const float *tile;     // [keys][lanes]
    int32_t lanes, count;  // of which `count` are queries
    int32_t first, last;   // the tile is 0 outside the keys first ..< last
    const float *rows;     // [count], `ak_key_product.row` apart
} ak_key_tile;

// out[key] += Σ tile[key][query] · rows[query]
typedef struct {
    const ak_key_tile *tiles;
    int32_t tile_count, keys;
    int64_t width;  // of the rows, a multiple of lane_width
    ptrdiff_t row;
    float *out;
    ptrdiff_t out_row;
    int32_t is_guarded;
} ak_key_product;

typedef struct {
    // Weights and gradients of the scores, and their contributions to the gradients of queries, biases and
    // slopes.
    void (*gradient_block)(const ak_gradient_block *block);
    // Their contributions to the gradients of keys and of values.
    void (*add_key_product)(const ak_key_product *product);
    // dst[row][0 ..< padded] ← src[row][0 ..< width] · scale[row] and zeros. Returns whether all were finite.
    int32_t (*copy_rows)(const float *const *src, int64_t rows, int64_t width, const float *scale, float *dst,
                         int64_t padded);
    // Whether all elements are finite.
    int32_t (*are_finite)(const float *x, ptrdiff_t row, int64_t rows, int64_t width);
    // out[row] = Σ a[row] · b[row]; where a is 0, b may be anything.
    void (*dot_rows)(const float *a, ptrdiff_t a_row, const float *b, ptrdiff_t b_row, int64_t rows, int64_t width,
                     float *out);
    // From the gradient g at x / ‖x‖, divided by ‖x‖, to that at x: g − x (x·g) / ‖x‖². Returns Σ x·g.
    // Where g is 0, x may be anything.
    double (*project_rows)(const float *x, ptrdiff_t x_row, const float *inverse_norms, int64_t rows, int64_t width,
                           float *g, ptrdiff_t g_row);
} ak_backward_kernels;

#endif

// Softmax, losses, rotary positions, dropout, sums of rows: the operations beside attention and products.
#ifndef AK_OPERATIONS_H
#define AK_OPERATIONS_H

#include <stddef.h>
#include <stdint.h>

// Cross-entropy of rows of logits z with the classes that are wanted, t:
//     loss = (1 − ε) · w_t · (L − z_t) + ε / classes · Σⱼ wⱼ (L − zⱼ),  L = log Σⱼ exp zⱼ
// L is kept as two numbers, maximum + log_total: where logits are large, their sum would round away the
// difference.
typedef struct {
    const float *logits;
    ptrdiff_t logits_row;  // distance of rows, in elements
    int64_t rows, classes;
    const int64_t *targets;      // [rows], a class; negative: the row has no loss and no gradient
    const float *class_weights;  // [classes], or NULL: ones
    float weight_sum;            // Σ wⱼ
    float smoothing;             // ε
    float *maximum, *log_total;  // [rows]: the forward pass writes them, the backward pass reads them
} ak_cross_entropy;

// Rotary positions on `positions` × `heads` rows of `width` channels, of which the first 2 · pairs turn.
typedef struct {
    const float *x;
    float *out;  // may be x
    ptrdiff_t x_position, x_head, out_position, out_head;  // distances, in elements
    int64_t positions, heads, width, pairs;
    const float *cosines, *sines;  // [positions][pairs]
    ptrdiff_t table_row;
    int32_t interleaved;  // whether channels 2i and 2i + 1 are a pair, or i and i + pairs
    float direction;      // 1; −1 turns back
} ak_rotation;

typedef struct {
    // out = softmax of each row, or its logarithm; a row of −∞ alone gives zeros, or −∞. `out` may be `x`.
    void (*softmax)(const float *x, int64_t rows, int64_t width, int32_t logarithm, float *out);
    // The gradient of x from that of y = softmax(x), or of its logarithm. `out` may be `gradient`.
    void (*softmax_backward)(const float *y, const float *gradient, int64_t rows, int64_t width, int32_t logarithm,
                             float *out);

    // losses[rows]
    void (*cross_entropy)(const ak_cross_entropy *loss, float *losses);
    // out[rows][classes] ← gradient of the logits, where row r's loss has gradient `gradients[r]`. `out` may
    // be the logits.
    void (*cross_entropy_backward)(const ak_cross_entropy *loss, const float *gradients, float *out,
                                   ptrdiff_t out_row);

    void (*rotate)(const ak_rotation *rotation);

    // out[i] = x[i] · scale where the random number of place first + i under `key` is at least `threshold`,
    // else 0. `first` is a multiple of 64. `out` may be `x`.
    void (*dropout)(const float *x, int64_t count, uint64_t key, uint64_t first, uint32_t threshold, float scale,
                    float *out);
    // out[i] ← the random number of place first + i under `key`.
    void (*random_words)(uint64_t key, uint64_t first, int64_t count, uint32_t *out);

    // out[width] = Σ x[indices[i]], i in 0 ..< count, in this order; rows 0 ..< count where `indices` is
    // NULL.
    void (*sum_rows)(const float *x, ptrdiff_t row, const int64_t *indices, int64_t count, int64_t width, float *out);

    // y = x / max(‖x‖₂, least) by rows; inverse[rows] = 1 / max(‖x‖₂, least)
    void (*normalize)(const float *x, int64_t rows, int64_t width, float least, float *y, float *inverse);
    // The gradient of x. `out` may be `gradient`.
    void (*normalize_backward)(const float *y, const float *inverse, const float *gradient, int64_t rows,
                               int64_t width, float least, float *out);
} ak_operation_kernels;

#endif

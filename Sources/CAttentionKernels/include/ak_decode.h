// A few rows of queries against a cache of keys and values: the step of a decoder. Included by
// CAttentionKernels.h.
//
// Keys are taken in chunks by position. A chunk's scores stand in rows `[row][key of the chunk]`; the scores
// and the sums of a row have the same bits whatever other rows it is computed with.
#ifndef AK_DECODE_H
#define AK_DECODE_H

#include <stddef.h>
#include <stdint.h>

// How keys and values are written down. A cache's rows are padded with zeros to a multiple of 16 elements.
typedef enum {
    AK_ROWS = 0,  // float32 rows of any width: a tensor's, read in place
    AK_CACHE_F32 = 1,
    AK_CACHE_F16 = 2,
    AK_CACHE_BF16 = 3,
    AK_CACHE_Q8 = 4,  // a row's int8 numbers, then a float32 factor for every 32 of them
} ak_cache_type;

// A run of keys, or of values, at equal distances in memory.
typedef struct {
    ak_cache_type type;
    int32_t position;  // of its first row in the chunk
    int32_t count;     // rows
    int64_t width;     // elements of a row, padding included
    void *data;
    ptrdiff_t stride;  // distance of its rows, in bytes
} ak_cache_run;

// One row of scores over a chunk of keys, and what changes them between dot product and softmax.
typedef struct {
    float *scores;           // in: q·k; out: the weights 2^(score − maximum)
    int32_t begin, end;      // the keys of the chunk that were multiplied
    int32_t first, last;     // those of them that the query may see
    const float *key_scale;  // a factor for each key of the chunk (cosine scores), or NULL
    const float *bias;       // for each key of the chunk, −∞ where masked; or NULL
    float softcap, slope;    // as in ak_block
    float distance;          // the query's position minus that of the chunk's first key
    float maximum, total;    // out: the reference exponent, and the sum of the weights
} ak_decode_row;

typedef struct {
    // The length of a packed row of queries, and of a row of sums, for keys or values of `width` elements.
    int64_t (*row_size)(int64_t width);
    // out[row_size] ← src[width] · scale; `width` is without padding, the row as long as the keys of `type`
    // need.
    void (*pack_query)(const float *src, int64_t width, float scale, ak_cache_type type, float *out);
    // scores[r][key] ← packed query r · key; rows of scores are `scores_row` apart.
    void (*scores)(const ak_cache_run *keys, const float *queries, int64_t rows, float *scores, int64_t scores_row);
    // out[key] = 1 / ‖key‖₂ (0 for a zero key)
    void (*inverse_norms)(const ak_cache_run *keys, float *out);
    void (*softmax)(ak_decode_row *row);
    // sums[r][row_size] += Σ weights[r][key] · value; rows of weights are `weights_row` apart.
    void (*values)(const ak_cache_run *values, const float *weights, int64_t rows, int64_t weights_row, float *sums);
    // The same for one row, where a value that the row's mask hides plays no part even if it is not finite.
    void (*guarded_values)(const ak_cache_run *values, const ak_decode_row *row, float *sums);
    // Whether some value is infinite or no number.
    int32_t (*has_nonfinite)(const ak_cache_run *values);
    // One row's chunks: out[width] = Σ sums · 2^(maximum − M) / Σ total · 2^(maximum − M), 0 where nothing
    // was seen; `sink` is a score (in units of log2 e) that joins the denominator, −∞ for none. Overwrites
    // `maximum`.
    void (*merge)(const float *sums, ptrdiff_t sums_stride, float *maximum, const float *total, int64_t chunks, float sink,
                  ak_cache_type type, int64_t width, float *out, float *log_sum_exp);
    // Rows of a cache from float32 rows of `width` elements, and back.
    void (*write_rows)(const float *src, ptrdiff_t src_row, int64_t width, const ak_cache_run *run);
    void (*read_rows)(const ak_cache_run *run, int64_t width, float *out, ptrdiff_t out_row);
} ak_decode_kernels;

#endif

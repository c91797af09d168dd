// The inner loops that need an instruction set chosen at run time. Everything above them is Swift.
//
// The bodies are written once (body_*.h) over a vector type, and compiled once per instruction set
// (isa_*.c). This side sees pointers, strides and counts, a key interval, an optional tile of bias and a
// few numbers; it never sees which mask, layer or model it serves. Callers have checked every bound.
//
// Layout: a *panel* is a group of rows laid out transposed, [width][lanes]: element d of row r stands at
// d·lanes + r, so that one vector holds the same element of neighbouring rows. `vectors` is the number of
// vectors a panel is wide; lanes = vectors · lane_width.
#ifndef C_ATTENTION_KERNELS_H
#define C_ATTENTION_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "ak_elementwise.h"
#include "ak_matmul.h"
#include "ak_norms.h"
#include "ak_operations.h"
#include "ak_decode.h"
#include "ak_sampling.h"
#include "ak_summary.h"
#include "ak_weights.h"
#include "ak_blocks.h"

typedef enum { AK_SCALAR = 0, AK_NEON = 1, AK_AVX2 = 2, AK_AVX512 = 3, AK_AVX512_VNNI = 4 } ak_isa;
enum { AK_ISA_COUNT = 5 };

#include "ak_dropout.h"

// One panel of queries against one block of keys: the unit of work of attention.
typedef struct {
    int32_t vectors;  // the panel's width in vectors
    int32_t keys;     // keys in this block
    int32_t d, dv;    // head width, value width

    const float *k;    // key block, row-major
    ptrdiff_t k_row;   // distance of its rows, in elements
    const float *v;    // value block, row-major
    ptrdiff_t v_row;

    const float *q_panel;    // [d][lanes], already scaled (by scale · log2 e; by scale / softcap with a softcap)
    const float *key_scale;  // a factor for each key (cosine scores), or NULL
    float softcap;           // cap · log2 e of cap · tanh(s / cap); 0: none
    // ALiBi: score −= slope[i] · |position[i] − (first_key + key)| in lane i, slopes in units of log2 e;
    // NULL: none
    const float *slope;
    const int32_t *position;  // [lanes]
    int32_t first_key;        // position of the block's first key

    // Query in lane i sees keys first[i] ..< last[i] of this block; both NULL: all of them.
    const int32_t *first, *last;
    const uint64_t *visible;  // [keys]: bit i says whether lane i sees the key; NULL: all do
    const float *bias;        // tile [keys][lanes] in units of log2 e, −∞ where masked; or NULL

    float *scores;           // scratch [keys][lanes]
    float *o_panel;          // [dv][lanes], the running weighted sum (attend_block)
    float *maximum, *total;  // [lanes], running reference exponent and running sum (attend_block)

    const float *log_sum_exp;   // [lanes], in units of log2 e (weights_block)
    const ak_dropout *dropout;  // of the weights, before they meet the values (attend_block); NULL: none
} ak_block;

#include "ak_backward.h"

// The running state of a panel's online softmax.
typedef struct {
    float *o_panel;  // [dv][lanes], the weighted sum
    float *maximum;  // [lanes], the reference exponent
    float *total;    // [lanes], the sum of weights
} ak_sums;

typedef struct {
    const char *name;
    int32_t lane_width;   // floats in a vector
    int32_t max_vectors;  // vectors in the widest panel; a matrix panel always has this width
    int32_t tile_rows;    // rows of a register tile

    // dst[width][vectors·lane_width] ← src[rows][width] · scale · row_scale[row]; lanes beyond `rows` are 0.
    void (*pack_panel)(const float *src, ptrdiff_t src_row, int64_t rows, int64_t width, float scale,
                       const float *row_scale, int32_t vectors, float *dst);
    // The same from rows that lie anywhere.
    void (*pack_rows)(const float *const *src, int64_t rows, int64_t width, float scale, const float *row_scale,
                      int32_t vectors, float *dst);
    // dst[row][0 ..< width] ← src[width][lanes] · row_scale[row], for `rows` rows that lie anywhere.
    void (*unpack_rows)(const float *src, int32_t vectors, const float *row_scale, int64_t rows, int64_t width,
                        float *const *dst);

    // One step of online softmax: scores, new maximum, weights, weighted sum.
    void (*attend_block)(const ak_block *block);
    // scores[keys][lanes] ← 2^(score − log_sum_exp): the softmax weights, recomputed.
    void (*weights_block)(const ak_block *block);
    // Adds to a panel's running sums those of the same queries over other keys.
    void (*merge_panel)(const ak_sums *into, const ak_sums *from, int32_t vectors, int64_t dv);
    // Ends the online softmax of a panel: inverse[i] = 1 / total (0 for a row that saw nothing), and
    // log_sum_exp[i] (natural logarithm, −∞ for such a row) unless NULL. sink[i] is a score, in units of log2
    // e, that takes its part of the weight and adds nothing to the sum; NULL: none.
    void (*finish_panel)(const float *maximum, const float *total, const float *sink, int32_t lanes, float *inverse,
                         float *log_sum_exp);

    ak_backward_kernels backward;

    ak_matmul_kernels matmul;
    ak_weights_kernels weights;
    const ak_block_kernels *blocks;
    // out[i] = 1 / ‖row i‖₂ (0 for a zero row)
    void (*inverse_norms)(const float *x, ptrdiff_t row, int64_t rows, int64_t width, float *out);
    ak_elementwise_kernels elementwise;
    ak_operation_kernels operations;
    ak_decode_kernels decode;
    ak_norm_kernels norms;
    ak_summary_kernels summary;
    ak_sampling_kernels sampling;
} ak_kernels;

// The functions compiled for `isa`, or NULL if this build or this machine does not have it.
const ak_kernels *ak_kernels_for(ak_isa isa);

// The processors that this process may run on (its affinity mask), or 0 if the system does not say.
int32_t ak_allowed_processors(void);

// The size of a large page, on x86-64 and with 64-bit Arm's usual page of 4 KiB.
enum { AK_LARGE_PAGE = 2 << 20 };
// Puts memory of the process's own, a large page if the system has a free one, with the same bytes in the
// place of the pages at `address`, a multiple of its size, in a mapping that is only read; others may read it
// meanwhile. Returns 0, and changes nothing, where the system cannot.
int32_t ak_use_large_page(void *address);

// Sleeps while the 32 bits at `address` are `value`, until `ak_wake`; may also return for no reason.
void ak_wait(const void *address, uint32_t value);
// Wakes up to `threads` threads that wait on `address`.
void ak_wake(const void *address, int32_t threads);

// Tells the processor that a loop is waiting: Swift has no word for it.
static inline void ak_spin_hint(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

#endif

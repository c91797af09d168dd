// One panel of queries against all its keys: the problem, its answer from the definition, and the kernels'.
#ifndef ATTENTION_CASE_H
#define ATTENTION_CASE_H

#include "check.h"

enum { MOST_KEYS = 140, MOST_LANES = 48, MOST_WIDTH = 80 };

typedef struct {
    // What to make.
    int vectors, keys, block, d, dv;
    int segment;  // blocks of keys whose sums are taken on their own; 0: all
    bool intervals, bits, biased, key_scaled, sunk;
    float softcap, slope;
    // What `make_case` made, in guarded memory; the layouts are those of ak_block, with all keys in one
    // block.
    const ak_kernels *kernels;
    int lanes;
    ptrdiff_t k_row, v_row;
    float *q, *k, *v, *key_scale, *bias, *sinks;
    int32_t *first, *last;
    uint64_t *visible;
    float *slopes;  // of each lane: the case's slope, or twice that
    int32_t *positions;
    int first_key;
} Case;

typedef struct {
    double score[MOST_KEYS][MOST_LANES];      // after mask and bias, in units of log2 e
    double magnitude[MOST_KEYS][MOST_LANES];  // the sum of the terms' magnitudes: what rounding is measured by
    double largest_magnitude[MOST_LANES];
    double log_sum_exp[MOST_LANES];  // natural logarithm, −∞ for a lane that sees nothing
    double output[MOST_WIDTH][MOST_LANES];
} Answer;

typedef struct {
    float output[MOST_WIDTH][MOST_LANES];
    float log_sum_exp[MOST_LANES];
} Result;

void make_case(const ak_kernels *kernels, Case *c);
bool is_visible(const Case *c, int key, int lane);
void answer(const Case *c, Answer *a);

// Calls `body` with each block of keys; its scratch is exactly as large as the kernels may use.
void for_each_block(const Case *c, ak_block shared, void (*body)(const ak_block *, int first_key, void *), void *context);
// The online softmax over all blocks.
void attend(const Case *c, Result *r);

#endif

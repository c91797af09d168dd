// Passes over the logits of a vocabulary, from which a token is drawn. The same bits on every instruction set: no fused
// multiply-add, and sums in one order, so that a seed means the same choice everywhere.
#ifndef AK_SAMPLING_H
#define AK_SAMPLING_H

#include <stdint.h>

enum { AK_SAMPLING_BLOCK = 64 };  // numbers that have a maximum and a sum of their own

typedef struct {
    // maxima[b] ← the greatest of block b; returns the greatest of all, NaN if one is NaN or +∞
    float (*maxima)(const float *x, int64_t count, float *maxima);
    // weights[i] ← exp(scale · (x[i] − maximum)), unless NULL; sums[b] ← their sum over block b
    void (*weigh)(const float *x, int64_t count, float maximum, float scale, float *weights, float *sums);
    // The places of the numbers that are at least `floor`, in order; returns how many.
    int64_t (*reaching)(const float *x, int64_t count, float floor, int32_t *places);
} ak_sampling_kernels;

#endif

// Passes over the logits of a vocabulary, from which a token is drawn. The same bits on every instruction
// set: no fused multiply-add, and sums in one order, so that a seed means the same choice everywhere.
#ifndef AK_SAMPLING_H
#define AK_SAMPLING_H

#include <stdint.h>

enum {
    AK_SAMPLING_BLOCK = 64,   // numbers that have a maximum and a sum of their own
    AK_SAMPLING_BINS = 1024,  // bins of neighbouring orders
};

// An *order* decides which numbers come first: numbers that are not negative, the greatest first. Their bits
// ascend as they do.

typedef struct {
    // maxima[b] ← the greatest of block b; returns the greatest of all, NaN if one is NaN or +∞
    float (*maxima)(const float *x, int64_t count, float *maxima);
    // weights[i] ← exp(scale · (x[i] − maximum)), unless NULL; sums[b] ← their sum over block b
    void (*weigh)(const float *x, int64_t count, float maximum, float scale, float *weights, float *sums);
    // The places of the numbers from `low` to `high`, in order; returns how many.
    int64_t (*between)(const float *x, int64_t count, float low, float high, int32_t *places);

    // sums[b] ← the weights of those whose order is at least `floor` and has, in its bits less `low`, from
    // `shift` up the number b; orders below all bins count in the first one, those above all in the last.
    void (*bins)(const float *order, const float *weights, int64_t count, float floor, int32_t low, int32_t shift,
                 double *sums);
    // Makes the weights 0 of what neither comes before `boundary` in the order nor is its equal and stands up
    // to place `last`; sums[b] ← what is left of block b. The order may be the weights themselves.
    void (*keep)(const float *order, float *weights, int64_t count, float boundary, int32_t last, float *sums);

    // With d = scale · (maximum − x): Σ w and Σ w d.
    void (*information)(const float *x, const float *weights, int64_t count, float maximum, float scale,
                        double *weight, double *information);
    // order[i] ← the bits of +∞ less those of |d − mean|, as a float: the closest first.
    void (*closeness)(const float *x, int64_t count, float maximum, float scale, float mean, float *order);
} ak_sampling_kernels;

#endif

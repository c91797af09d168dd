// Maps of long texts: many weights in one cell.
#ifndef AK_SUMMARY_H
#define AK_SUMMARY_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    // Puts the weights [keys][lanes] of some keys into a column of cells. Cell i takes the lanes from where
    // the one before it ends (the first: from 0) to ends[i]: sum[i · stride] grows by their sum, and
    // maximum[i · stride] to their largest. Lanes from the last end on are left out.
    void (*reduce_tile)(const float *weights, int32_t vectors, int64_t keys, const int32_t *ends, int64_t cells,
                        float *sum, float *maximum, ptrdiff_t stride);
} ak_summary_kernels;

#endif

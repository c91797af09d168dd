// Sums element by element.
#ifndef AK_ELEMENTWISE_H
#define AK_ELEMENTWISE_H

#include <stdint.h>

// An output may be one of the inputs.
typedef struct {
    // out[i] = a[i] + b[i]
    void (*add)(const float *a, const float *b, int64_t count, float *out);
} ak_elementwise_kernels;

#endif

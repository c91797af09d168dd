// Dropout of attention's weights.
#ifndef AK_DROPOUT_H
#define AK_DROPOUT_H

#include <stdint.h>

// Which weights are dropped: a function of a key and of the weight's place, whatever the blocks.
typedef struct {
    uint64_t key;
    uint32_t threshold;    // of 2³²: the share that is dropped
    float scale;           // of what is kept
    const int32_t *place;  // [lanes], of each query
    int32_t first_key;     // the block's first key
} ak_dropout;

#endif

// What the system offers and Swift cannot reach: the C library hides the call behind _GNU_SOURCE.
#if defined(__linux__)
#define _GNU_SOURCE
#include <sched.h>
#endif
#include "CAttentionKernels.h"

int32_t ak_allowed_processors(void) {
#if defined(__linux__)
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
#endif
    return 0;
}

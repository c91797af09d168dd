// What the system offers and Swift cannot reach: the C library hides the call behind _GNU_SOURCE, or the
// call takes a variable number of arguments.
#if defined(__linux__)
#define _GNU_SOURCE
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
#elif defined(__APPLE__)
#include <os/os_sync_wait_on_address.h>
#endif
#include "CAttentionKernels.h"

int32_t ak_allowed_processors(void) {
#if defined(__linux__)
    // The system refuses a set that is smaller than its own.
    for (int processors = CPU_SETSIZE; processors <= 1 << 20; processors *= 2) {
        cpu_set_t *set = CPU_ALLOC(processors);
        if (!set) return 0;
        const size_t size = CPU_ALLOC_SIZE(processors);
        const int count = sched_getaffinity(0, size, set) == 0 ? CPU_COUNT_S(size, set) : 0;
        CPU_FREE(set);
        if (count > 0) return count;
    }
#endif
    return 0;
}

void ak_wait(const void *address, uint32_t value) {
#if defined(__linux__)
    syscall(SYS_futex, address, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
#elif defined(__APPLE__)
    os_sync_wait_on_address((void *)address, value, sizeof value, OS_SYNC_WAIT_ON_ADDRESS_NONE);
#endif
}

void ak_wake(const void *address, int32_t threads) {
#if defined(__linux__)
    syscall(SYS_futex, address, FUTEX_WAKE_PRIVATE, threads, NULL, NULL, 0);
#elif defined(__APPLE__)
    // One by one: the other call wakes all, and a worker without work is a thread too many.
    while (threads-- > 0 &&
           os_sync_wake_by_address_any((void *)address, sizeof(uint32_t), OS_SYNC_WAKE_BY_ADDRESS_NONE) == 0) {
    }
#endif
}

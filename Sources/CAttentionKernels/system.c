// System calls that Swift cannot reach: the C library hides them behind _GNU_SOURCE, or they take a variable
// number of arguments.
#if defined(__linux__)
#define _GNU_SOURCE
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
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

int32_t ak_use_large_page(void *address) {
#if defined(__linux__)
    enum { SIZE = AK_LARGE_PAGE };
    char *wide = mmap(NULL, 2 * SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (wide == MAP_FAILED) return 0;
    char *page = (char *)(((uintptr_t)wide + SIZE - 1) / SIZE * SIZE);
    if (page > wide) munmap(wide, (size_t)(page - wide));
    munmap(page + SIZE, (size_t)(wide + SIZE - page));
    if (madvise(page, SIZE, MADV_HUGEPAGE) != 0) {
        munmap(page, SIZE);
        return 0;
    }
    memcpy(page, address, SIZE);
    // The system replaces the pages atomically: no thread reads between the old pages and the new one.
    if (mprotect(page, SIZE, PROT_READ) == 0 &&
        mremap(page, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, address) == address) {
        return 1;
    }
    munmap(page, SIZE);
#else
    (void)address;
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

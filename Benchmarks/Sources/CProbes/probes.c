#if !defined(__APPLE__)
#define _GNU_SOURCE
#endif
#include "CProbes.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum { MOST_THREADS = 256 };

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

// MARK: Both inner loops, once for each instruction set

// 24 chains hide the latency of two multiply-add units, and fit in 32 registers; 12 fit in 16.
#define INNER_LOOPS(suffix, target, width, chains, FMA)                                                    \
    typedef float v_##suffix __attribute__((ext_vector_type(width)));                                      \
    target static float multiply_##suffix(int64_t rounds) {                                                \
        v_##suffix acc[chains];                                                                            \
        v_##suffix x = (v_##suffix)(1.0f + 0x1p-20f * (float)(rounds & 1)), y = (v_##suffix)(0x1p-30f);    \
        for (int i = 0; i < chains; i++) acc[i] = (v_##suffix)(float)i;                                    \
        for (int64_t r = 0; r < rounds; r++) {                                                             \
            _Pragma("clang loop unroll(full)") for (int i = 0; i < chains; i++) {                          \
                acc[i] = FMA(acc[i], x, y);                                                                \
            }                                                                                              \
        }                                                                                                  \
        v_##suffix sum = acc[0];                                                                           \
        for (int i = 1; i < chains; i++) sum += acc[i];                                                    \
        return sum[0];                                                                                     \
    }                                                                                                      \
    target static float read_##suffix(const float *p, int64_t count) {                                     \
        v_##suffix acc[8];                                                                                 \
        for (int i = 0; i < 8; i++) acc[i] = (v_##suffix)0.0f;                                             \
        for (int64_t at = 0; at + 8 * width <= count; at += 8 * width) {                                   \
            _Pragma("clang loop unroll(full)") for (int i = 0; i < 8; i++) {                               \
                __builtin_prefetch(p + at + 1024 + i * width, 0, 3);                                       \
                acc[i] += *(const v_##suffix *)(p + at + i * width);                                       \
            }                                                                                              \
        }                                                                                                  \
        for (int i = 1; i < 8; i++) acc[0] += acc[i];                                                      \
        return acc[0][0];                                                                                  \
    }

#if defined(__x86_64__)
INNER_LOOPS(avx512, __attribute__((target("avx512f"))), 16, 24, __builtin_elementwise_fma)
INNER_LOOPS(avx2, __attribute__((target("avx2,fma"))), 8, 12, __builtin_elementwise_fma)
#endif
#if defined(__aarch64__)
INNER_LOOPS(baseline, , 4, 24, __builtin_elementwise_fma)
#else
#define TWO_STEPS(a, x, y) ((a) * (x) + (y))
INNER_LOOPS(baseline, , 4, 12, TWO_STEPS)
#endif

typedef struct {
    float (*multiply)(int64_t rounds);
    float (*read)(const float *p, int64_t count);
    double operations;  // of one round of `multiply`
} inner_loops;

static inner_loops best(void) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) return (inner_loops){multiply_avx512, read_avx512, 24 * 16 * 2};
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        return (inner_loops){multiply_avx2, read_avx2, 12 * 8 * 2};
    }
    return (inner_loops){multiply_baseline, read_baseline, 12 * 4 * 2};
#else
    return (inner_loops){multiply_baseline, read_baseline, 24 * 4 * 2};
#endif
}

// MARK: Threads

typedef struct {
    inner_loops loops;
    const float *memory;  // NULL: multiply
    int64_t count;
    double seconds;
    int threads;
    atomic_int *ready;
    double rate;
    volatile float sink;
} part;

static void *run(void *argument) {
    part *p = argument;
    const int64_t rounds = 1 << 14, piece = 1 << 16;  // some 50 µs between two looks at the clock
    atomic_fetch_add(p->ready, 1);
    while (atomic_load(p->ready) < p->threads) {}
    const double start = now();
    double work = 0, elapsed = 0;
    int64_t at = 0;
    while ((elapsed = now() - start) < p->seconds) {
        if (p->memory) {
            const int64_t count = p->count - at < piece ? p->count - at : piece;
            p->sink = p->loops.read(p->memory + at, count);
            at = at + count < p->count ? at + count : 0;
            work += 4 * (double)count;
        } else {
            p->sink = p->loops.multiply(rounds);
            work += p->loops.operations * (double)rounds;
        }
    }
    p->rate = work / elapsed;
    return NULL;
}

static double rate(int threads, const float *memory, int64_t count, double seconds) {
    static part parts[MOST_THREADS];
    pthread_t handles[MOST_THREADS];
    atomic_int ready = 0;
    if (threads < 1) threads = 1;
    if (threads > MOST_THREADS) threads = MOST_THREADS;
    const int64_t each = count / threads / 4096 * 4096;
    for (int i = 0; i < threads; i++) {
        parts[i] = (part){.loops = best(), .memory = memory ? memory + i * each : NULL, .count = each,
                          .seconds = seconds, .threads = threads, .ready = &ready};
    }
    for (int i = 1; i < threads; i++) {
        if (pthread_create(&handles[i], NULL, run, &parts[i]) != 0) return 0;
    }
    run(&parts[0]);
    double sum = parts[0].rate;
    for (int i = 1; i < threads; i++) {
        pthread_join(handles[i], NULL);
        sum += parts[i].rate;
    }
    return sum;
}

double probe_fma_rate(int threads, double seconds) { return rate(threads, NULL, 0, seconds); }

double probe_read_rate(int threads, int megabytes, double seconds) {
    static void *memory;
    static size_t size;
    const size_t wanted = (size_t)megabytes << 20;
    if (size < wanted) {
        if (memory) munmap(memory, size);
        size = 0;
        memory = mmap(NULL, wanted, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
        if (memory == MAP_FAILED) {
            memory = NULL;
            return 0;
        }
        size = wanted;
#if defined(MADV_HUGEPAGE)
        madvise(memory, size, MADV_HUGEPAGE);
#endif
        memset(memory, 1, size);  // pages that were never written all lead to one page of zeros
    }
    return rate(threads, memory, (int64_t)(wanted / sizeof(float)), seconds);
}

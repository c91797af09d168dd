#if defined(__APPLE__)
#define _DARWIN_C_SOURCE
#else
#define _GNU_SOURCE
#endif
#include "check.h"

#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

// MARK: Counting

enum { MOST_KINDS = 64, MOST_MESSAGES = 20 };
static struct { const char *kind; double error, most; } kinds[MOST_KINDS];
static int kind_count, passed, failed;
static char work[256];

void working_on(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(work, sizeof work, format, arguments);
    va_end(arguments);
}

void expect(bool holds, const char *format, ...) {
    if (holds) {
        passed++;
        return;
    }
    if (failed++ >= MOST_MESSAGES) return;
    printf("  FAILED %s: ", work);
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
}

void expect_error(const char *kind, double error, double most) {
    int i = 0;
    while (i < kind_count && strcmp(kinds[i].kind, kind) != 0) i++;
    if (i == kind_count && kind_count < MOST_KINDS) {
        kinds[kind_count].kind = kind;
        kinds[kind_count].error = 0;
        kinds[kind_count++].most = most;
    }
    if (i < MOST_KINDS && !(error <= kinds[i].error)) kinds[i].error = error;
    expect(error <= most, "%s is off by %.3g, more than %.3g", kind, error, most);
}

int report(const char *name) {
    for (int i = 0; i < kind_count; i++) {
        printf("  %-28s largest error %-9.3g allowed %.3g\n", kinds[i].kind, kinds[i].error, kinds[i].most);
    }
    printf("%s: %d passed, %d failed\n", name, passed, failed);
    const int failures = failed;
    kind_count = passed = failed = 0;
    return failures;
}

// MARK: Guarded memory

enum { MOST_BUFFERS = 256 };
static const unsigned char untouched = 0xa5;
static struct { unsigned char *pages; size_t size, before; } buffers[MOST_BUFFERS];
static int buffer_count;

// Only what a signal handler may call.
static void out_of_bounds(int signal_number) {
    static const char message[] = "  FAILED, memory beyond a buffer was touched: ";
    (void)signal_number;
    if (write(STDOUT_FILENO, message, sizeof message - 1) < 0 || write(STDOUT_FILENO, work, strlen(work)) < 0 ||
        write(STDOUT_FILENO, "\n", 1) < 0) {
        _exit(2);
    }
    _exit(1);
}

static void *guarded(size_t size) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t usable = (size + page) / page * page;  // at least one byte before the buffer
    if (buffer_count == 0) {
        signal(SIGSEGV, out_of_bounds);
        signal(SIGBUS, out_of_bounds);
        fflush(stdout);
    }
    unsigned char *pages = mmap(NULL, usable + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
    if (pages == MAP_FAILED || buffer_count == MOST_BUFFERS || mprotect(pages + usable, page, PROT_NONE) != 0) {
        printf("no memory for %s\n", work);
        exit(2);
    }
    memset(pages, untouched, usable - size);
    buffers[buffer_count].pages = pages;
    buffers[buffer_count].size = usable + page;
    buffers[buffer_count++].before = usable - size;
    return pages + usable - size;
}

float *floats(int64_t count) {
    float *result = guarded((size_t)count * sizeof(float));
    for (int64_t i = 0; i < count; i++) result[i] = NAN;
    return result;
}

float *random_floats(int64_t count) {
    float *result = floats(count);
    for (int64_t i = 0; i < count; i++) result[i] = (float)random_number();
    return result;
}

int32_t *integers(int64_t count) { return guarded((size_t)count * sizeof(int32_t)); }

uint64_t *words(int64_t count) {
    uint64_t *result = guarded((size_t)count * sizeof(uint64_t));
    for (int64_t i = 0; i < count; i++) result[i] = 0;
    return result;
}

void release_memory(void) {
    for (int i = 0; i < buffer_count; i++) {
        size_t intact = 0;
        while (intact < buffers[i].before && buffers[i].pages[intact] == untouched) intact++;
        expect(intact == buffers[i].before, "something was written before buffer %d", i);
        munmap(buffers[i].pages, buffers[i].size);
    }
    buffer_count = 0;
}

// MARK: Numbers

static uint64_t state = 88172645463325252;

static uint64_t next_random(void) {  // xorshift*
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 2685821657736338717u;
}

double random_number(void) { return (double)(next_random() >> 11) * 0x1p-52 - 1; }

int random_below(int bound) { return (int)((next_random() >> 33) % (uint64_t)bound); }

bool same_bits(float a, float b) { return memcmp(&a, &b, sizeof a) == 0; }

int main(void) {
    static const ak_isa sets[] = {AK_SCALAR, AK_NEON, AK_AVX2, AK_AVX512, AK_AVX512_VNNI};
    int failures = 0;
    for (int i = 0; i < COUNT(sets); i++) {
        const ak_kernels *kernels = ak_kernels_for(sets[i]);
        if (!kernels) continue;
        printf("%s, vectors of %d, panels of %d, tiles of %d rows\n", kernels->name, kernels->lane_width,
               kernels->max_vectors * kernels->lane_width, kernels->tile_rows);
        check_panels(kernels);
        check_matmul(kernels);
        check_weights(kernels);
        check_rows(kernels);
        check_norms(kernels);
        check_elementwise(kernels);
        check_activations(kernels);
        check_operations(kernels);
        check_attention(kernels);
        check_attention_extremes(kernels);
        check_attention_backward(kernels);
        check_decode(kernels);
        check_summary(kernels);
        check_sampling(kernels);
        failures += report(kernels->name);
    }
    return failures == 0 ? 0 : 1;
}

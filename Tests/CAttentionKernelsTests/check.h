// What every check of the C kernels shares: counting, largest errors, numbers and guarded memory.
//
// The program needs no Swift, so that it also runs under an emulator, where Swift does not.
#ifndef CHECK_H
#define CHECK_H

#include "CAttentionKernels.h"

#include <stdbool.h>

#define COUNT(array) ((int)(sizeof(array) / sizeof(array)[0]))

// Names the work that follows, for messages about it; printf's arguments.
void working_on(const char *format, ...) __attribute__((format(printf, 1, 2)));
// Counts a check of what is being worked on, and says what failed.
void expect(bool holds, const char *format, ...) __attribute__((format(printf, 2, 3)));
// Counts a check that `error` is at most `most` (NaN is not), and keeps the largest error under `kind`.
void expect_error(const char *kind, double error, double most);
// Prints the largest errors and the counts since the last call. Returns the number of failures.
int report(const char *name);

// `count` floats of NaN that end where an unreadable page starts: one read or write beyond them ends the
// program with the name of the work. What lies before them is checked when they are given back.
float *floats(int64_t count);
// The same, filled with numbers between −1 and 1.
float *random_floats(int64_t count);
int32_t *integers(int64_t count);
// `count` words of 0.
uint64_t *words(int64_t count);
// Gives back all of it, and checks that nothing was written before or between.
void release_memory(void);

// A number between −1 and 1, and one of 0 ..< bound; the same in every run.
double random_number(void);
int random_below(int bound);

bool same_bits(float a, float b);

void check_panels(const ak_kernels *kernels);
void check_matmul(const ak_kernels *kernels);
void check_weights(const ak_kernels *kernels);
void check_summary(const ak_kernels *kernels);
void check_sampling(const ak_kernels *kernels);
void check_attention_backward(const ak_kernels *kernels);
void check_rows(const ak_kernels *kernels);
void check_norms(const ak_kernels *kernels);
void check_elementwise(const ak_kernels *kernels);
void check_activations(const ak_kernels *kernels);
void check_operations(const ak_kernels *kernels);
void check_attention(const ak_kernels *kernels);
void check_attention_extremes(const ak_kernels *kernels);
void check_decode(const ak_kernels *kernels);

double reference_activation(ak_activation activation, double x);

#endif

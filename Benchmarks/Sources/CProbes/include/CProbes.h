// Probes of the machine's peak rates. A benchmark measures them in the same run as the code, because a peak
// changes from minute to minute.
#ifndef C_PROBES_H
#define C_PROBES_H

// Floating-point operations a second of `threads` threads that run for `seconds`, each doing nothing but
// fused multiply-adds of float32 between registers, in the widest vectors that the machine has.
double probe_fma_rate(int threads, double seconds);

// Bytes a second of `threads` threads that read for `seconds`, each its own part of `megabytes` of memory
// from end to end (several times the last-level cache), on large pages where the system gives them.
double probe_read_rate(int threads, int megabytes, double seconds);

#endif

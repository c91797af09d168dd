// What this machine can do, measured in the run that quotes it: shares of a peak need the peak of the same
// minute.
#ifndef C_PROBES_H
#define C_PROBES_H

// Floating-point operations a second of `threads` threads that run for `seconds`, each doing nothing but
// fused multiply-adds of float32 between registers, in the widest vectors that the machine has.
double probe_fma_rate(int threads, double seconds);

// Bytes a second of `threads` threads that read for `seconds`, each its own part of `megabytes` of memory
// from end to end (take several times the last-level cache), on large pages where the system gives them.
double probe_read_rate(int threads, int megabytes, double seconds);

#endif

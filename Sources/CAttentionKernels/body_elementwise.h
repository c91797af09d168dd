// Element by element.

static void FN(add)(const float *a, const float *b, int64_t count, float *out) {
    int64_t i = 0;
    for (; i + VW <= count; i += VW) st(out + i, ld(a + i) + ld(b + i));
    for (; i < count; i++) out[i] = a[i] + b[i];
}

#define AK_ELEMENTWISE_KERNELS {.add = FN(add)}

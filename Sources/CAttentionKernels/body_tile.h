// Register tiles: a block of C kept in registers while k runs. The two orders of A that attention needs.
//
// All of A is read in place and broadcast; only B is packed. B's lanes are rows of queries (attention) or
// output channels (matrix product), so softmax and activations never need a sum across lanes.

// acc[i][j] = Σₖ A[i·lda + k] · B[k·ldb + j·VW]: A row by row (keys · queries, activations · weights).
INLINE void tile_rows(const int mr, const int nv, const float *a, ptrdiff_t lda, const float *b, int64_t depth,
                      vf acc[MR][NV]) {
    UNROLL for (int i = 0; i < mr; i++) UNROLL for (int j = 0; j < nv; j++) acc[i][j] = bc(0);
    // Base pointers three rows apart keep every address within [base + {0, 1, 2}·lda]: fewer registers spill.
    const float *base[(MR + 2) / 3];
    UNROLL for (int i = 0; i < (mr + 2) / 3; i++) {
        base[i] = a + 3 * i * lda;
        __asm__("" : "+r"(base[i]));
    }
    for (int64_t k = 0; k < depth; k++) {
        vf row[NV];
        UNROLL for (int j = 0; j < nv; j++) row[j] = ld(b + k * nv * VW + j * VW);
        UNROLL for (int i = 0; i < mr; i++) {
            vf x = bc(base[i / 3][(i % 3) * lda + k]);
            UNROLL for (int j = 0; j < nv; j++) acc[i][j] = fma_(x, row[j], acc[i][j]);
        }
    }
}

// C[i][j] += Σₖ A[k·lda + i] · B[k][j]: A column by column (values · weights).
//
// The sum begins at 0 and is added to C at the end: a long row of keys is then a sum of blocks' sums, whose
// rounding grows with the block's length rather than the row's.
INLINE void tile_columns(const int mr, const int nv, const float *a, ptrdiff_t lda, const float *b, int64_t depth,
                         float *c) {
    vf acc[MR][NV];
    UNROLL for (int i = 0; i < mr; i++) UNROLL for (int j = 0; j < nv; j++) acc[i][j] = bc(0);
    for (int64_t k = 0; k < depth; k++) {
        vf row[NV];
        if (PREFETCH_ROWS) {
            __builtin_prefetch(a + (k + PREFETCH_ROWS) * lda, 0, 3);  // 3 to 5 % at D = 64 on Skylake
            __builtin_prefetch(a + (k + depth) * lda, 0, 2);          // the next block: 2 % on Zen 4
        }
        UNROLL for (int j = 0; j < nv; j++) row[j] = ld(b + (k * nv + j) * VW);
        UNROLL for (int i = 0; i < mr; i++) {
            vf x = bc(a[k * lda + i]);
            UNROLL for (int j = 0; j < nv; j++) acc[i][j] = fma_(x, row[j], acc[i][j]);
        }
    }
    UNROLL for (int i = 0; i < mr; i++) {
        UNROLL for (int j = 0; j < nv; j++) {
            float *at = c + (i * nv + j) * VW;
            st(at, ld(at) + acc[i][j]);
        }
    }
}

// Runs `CALL(rows)` with a row count known to the compiler, for the last rows of a matrix.
#if MR > 6
#define FOR_ROWS_7_8(CALL)                                                           \
    case 7: CALL(7); break;                                                          \
    case 8: CALL(8); break;
#else
#define FOR_ROWS_7_8(CALL)
#endif
#define FOR_ROWS(count, CALL)                                                        \
    switch (count) {                                                                 \
    case 1: CALL(1); break;                                                          \
    case 2: CALL(2); break;                                                          \
    case 3: CALL(3); break;                                                          \
    case 4: CALL(4); break;                                                          \
    case 5: CALL(5); break;                                                          \
    case 6: CALL(6); break;                                                          \
    FOR_ROWS_7_8(CALL)                                                               \
    default: break;                                                                  \
    }

// Runs `CALL(vectors)` with a panel width known to the compiler.
#if NV == 4
#define FOR_VECTORS(count, CALL)                                                     \
    switch (count) {                                                                 \
    case 1: CALL(1); break;                                                          \
    case 2: CALL(2); break;                                                          \
    case 3: CALL(3); break;                                                          \
    default: CALL(4); break;                                                         \
    }
#elif NV == 3
#define FOR_VECTORS(count, CALL)                                                     \
    switch (count) {                                                                 \
    case 1: CALL(1); break;                                                          \
    case 2: CALL(2); break;                                                          \
    default: CALL(3); break;                                                         \
    }
#else
#define FOR_VECTORS(count, CALL)                                                     \
    switch (count) {                                                                 \
    case 1: CALL(1); break;                                                          \
    default: CALL(2); break;                                                         \
    }
#endif

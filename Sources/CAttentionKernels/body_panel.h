// Rows to panels and back: a transposition by VW × VW blocks in registers. Rows that are not there are zeros
// in registers, so that a short panel (a sentence of twenty tokens) is as fast as a full one; only the last
// columns of a width that is no multiple of VW go one by one.

// Factors of the rows r0 ..< r0 + VW; 1 without factors and beyond the last row.
INLINE vf row_factors(const float *row_scale, int64_t r0, int64_t rows) {
    if (!row_scale) return bc(1);
    if (r0 + VW <= rows) return ld(row_scale + r0);
    vf factors = bc(1);
    for (int i = 0; i < VW && r0 + i < rows; i++) factors[i] = row_scale[r0 + i];
    return factors;
}

// Row r is `scattered[r]`, or without those the r-th of rows `stride` apart.
INLINE void pack(const float *src, ptrdiff_t stride, const float *const *scattered, int64_t rows, int64_t width,
                 float scale, const float *row_scale, int32_t vectors, float *dst) {
#define ROW(r) (scattered ? scattered[r] : src + (r) * stride)
    const int64_t lanes = (int64_t)vectors * VW;
    for (int64_t r0 = 0; r0 < lanes; r0 += VW) {
        const vf factors = row_factors(row_scale, r0, rows);
        const float *at[VW];
        for (int i = 0; i < VW; i++) at[i] = r0 + i < rows ? ROW(r0 + i) : NULL;
        const int whole = r0 + VW <= rows;
        int64_t d0 = 0;
        for (; d0 + VW <= width; d0 += VW) {
            vf t[VW];
            if (whole) {
                UNROLL for (int i = 0; i < VW; i++) t[i] = ld(at[i] + d0) * scale;
            } else {
                UNROLL for (int i = 0; i < VW; i++) t[i] = at[i] ? ld(at[i] + d0) * scale : bc(0);
            }
            transpose(t);
            UNROLL for (int i = 0; i < VW; i++) st(dst + (d0 + i) * lanes + r0, t[i] * factors);
        }
        for (; d0 < width; d0++) {
            vf column = bc(0);
            for (int i = 0; i < VW && r0 + i < rows; i++) column[i] = at[i][d0] * scale;
            st(dst + d0 * lanes + r0, column * factors);
        }
    }
#undef ROW
}

static void FN(pack_panel)(const float *src, ptrdiff_t src_row, int64_t rows, int64_t width, float scale,
                           const float *row_scale, int32_t vectors, float *dst) {
    pack(src, src_row, NULL, rows, width, scale, row_scale, vectors, dst);
}

static void FN(pack_rows)(const float *const *src, int64_t rows, int64_t width, float scale, const float *row_scale,
                          int32_t vectors, float *dst) {
    pack(NULL, 0, src, rows, width, scale, row_scale, vectors, dst);
}

static void FN(unpack_rows)(const float *src, int32_t vectors, const float *row_scale, int64_t rows, int64_t width,
                            float *const *dst) {
    const int64_t lanes = (int64_t)vectors * VW;
    for (int64_t r0 = 0; r0 < rows; r0 += VW) {
        const vf factors = row_factors(row_scale, r0, rows);
        int64_t d0 = 0;
        for (; d0 + VW <= width; d0 += VW) {
            vf t[VW];
            UNROLL for (int i = 0; i < VW; i++) t[i] = ld(src + (d0 + i) * lanes + r0) * factors;
            transpose(t);
            UNROLL for (int i = 0; i < VW; i++) {
                if (r0 + i < rows) st(dst[r0 + i] + d0, t[i]);
            }
        }
        for (; d0 < width; d0++) {
            vf column = ld(src + d0 * lanes + r0) * factors;
            for (int i = 0; i < VW && r0 + i < rows; i++) dst[r0 + i][d0] = column[i];
        }
    }
}

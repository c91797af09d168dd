// Rows to panels and back: a transposition by VW × VW blocks in registers.

static void FN(pack_panel)(const float *src, ptrdiff_t src_row, int64_t rows, int64_t width, float scale,
                           const float *row_scale, int32_t vectors, float *dst) {
    const int64_t lanes = (int64_t)vectors * VW;
    for (int64_t r0 = 0; r0 < lanes; r0 += VW) {
        for (int64_t d0 = 0; d0 < width; d0 += VW) {
            if (r0 + VW <= rows && d0 + VW <= width) {
                vf t[VW];
                UNROLL for (int i = 0; i < VW; i++) t[i] = ld(src + (r0 + i) * src_row + d0) * scale;
                transpose(t);
                if (row_scale) {
                    vf factor = ld(row_scale + r0);
                    UNROLL for (int i = 0; i < VW; i++) t[i] *= factor;
                }
                UNROLL for (int i = 0; i < VW; i++) st(dst + (d0 + i) * lanes + r0, t[i]);
                continue;
            }
            for (int64_t r = r0; r < r0 + VW; r++) {
                for (int64_t d = d0; d < d0 + VW && d < width; d++) {
                    float x = r < rows ? src[r * src_row + d] * scale : 0;
                    if (row_scale && r < rows) x *= row_scale[r];
                    dst[d * lanes + r] = x;
                }
            }
        }
    }
}

static void FN(unpack_panel)(const float *src, int32_t vectors, const float *row_scale, int64_t rows, int64_t width,
                             float *dst, ptrdiff_t dst_row) {
    const int64_t lanes = (int64_t)vectors * VW;
    for (int64_t r0 = 0; r0 < rows; r0 += VW) {
        for (int64_t d0 = 0; d0 < width; d0 += VW) {
            if (r0 + VW <= rows && d0 + VW <= width) {
                vf t[VW];
                vf factor = ld(row_scale + r0);
                UNROLL for (int i = 0; i < VW; i++) t[i] = ld(src + (d0 + i) * lanes + r0) * factor;
                transpose(t);
                UNROLL for (int i = 0; i < VW; i++) st(dst + (r0 + i) * dst_row + d0, t[i]);
                continue;
            }
            for (int64_t r = r0; r < r0 + VW && r < rows; r++) {
                for (int64_t d = d0; d < d0 + VW && d < width; d++) {
                    dst[r * dst_row + d] = src[d * lanes + r] * row_scale[r];
                }
            }
        }
    }
}

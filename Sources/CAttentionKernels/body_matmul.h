// C = act(A · Wᵀ + bias), W packed into panels of LANES(NV) output channels (see tile_rows).
//
// A panel stays in the second-level cache while all rows of A pass by it. k is never split: every output
// is one chain of multiply-adds in the order of k, so a row's bits do not depend on how many rows there are.

INLINE void matmul_tile(const int mr, const ak_matmul *p, int64_t row, int64_t column, const float *panel) {
    vf acc[MR][NV];
    tile_rows(mr, NV, p->a + row * p->a_row, p->a_row, panel, p->k, acc);
    float *c = p->c + row * p->c_row;
    UNROLL for (int j = 0; j < NV; j++) {
        int64_t at = column + j * VW;
        if (at >= p->n) break;
        vf bias = p->bias ? load_part(p->bias, at, p->n, 0) : bc(0);
        UNROLL for (int i = 0; i < mr; i++) store_part(c + i * p->c_row, at, p->n, acc[i][j] + bias);
    }
    // In a loop of its own, over numbers still in the first-level cache: unrolled into the tile the same
    // work made 24 copies of each activation and a quarter of a megabyte of code.
    if (p->activation != AK_IDENTITY) {
        int64_t width = p->n - column < LANES(NV) ? p->n - column : LANES(NV);
        for (int i = 0; i < mr; i++) {
            FN(activate)(c + i * p->c_row + column, width, p->activation, c + i * p->c_row + column);
        }
    }
}

static void FN(matmul)(const ak_matmul *p) {
    for (int64_t column = 0; column < p->n; column += LANES(NV)) {
        const float *panel = p->panels + column * p->k;
        int64_t row = 0;
        for (; row + MR <= p->m; row += MR) matmul_tile(MR, p, row, column, panel);
#define ROWS(mr) matmul_tile(mr, p, row, column, panel)
        FOR_ROWS(p->m - row, ROWS)
#undef ROWS
    }
}

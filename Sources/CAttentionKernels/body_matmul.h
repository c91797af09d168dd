// C = act(A · B + bias), B packed into panels of LANES(NV) columns: forward (B = Wᵀ), input gradient (B = W)
// and weight gradient (A = dyᵀ, B = x) differ only in how A and B were laid out.
//
// A panel stays in the second-level cache while all rows of A pass by it; A is read in place and broadcast.
// Every output is one chain of multiply-adds in the order of k, begun at 0 and, where k is cut into blocks,
// carried on from C: a row's bits depend neither on how many rows there are nor on where k is cut.

#define PANEL_AHEAD (16 * LANES(NV))

// The sums of a register tile, from 0 or from C.
INLINE void product_tile(const int mr, const int nv, const ak_product *p, int64_t row, int64_t column,
                         const float *panel) {
    vf acc[MR][NV];
    float *c = p->c + row * p->c_row + column;
    const int64_t columns = p->n - column;
    UNROLL for (int i = 0; i < mr; i++) {
        UNROLL for (int j = 0; j < nv; j++) {
            acc[i][j] = p->continues ? load_part(c + i * p->c_row, j * VW, columns, 0) : bc(0);
        }
    }
    // Base pointers three rows apart keep every address within [base + {0, 1, 2}·a_row]: fewer registers
    // spill.
    const float *base[(MR + 2) / 3];
    UNROLL for (int i = 0; i < (mr + 2) / 3; i++) {
        base[i] = p->a + (row + 3 * i) * p->a_row;
        __asm__("" : "+r"(base[i]));
    }
    for (int64_t k = 0; k < p->k; k++) {
        vf b[NV];
        UNROLL for (int j = 0; j < nv; j++) {
            const float *at = panel + k * LANES(NV) + j * VW;
            if (mr <= STREAMED_ROWS) __builtin_prefetch(at + PANEL_AHEAD, 0, 3);
            b[j] = ld(at);
        }
        UNROLL for (int i = 0; i < mr; i++) {
            vf x = bc(base[i / 3][(i % 3) * p->a_row + k]);
            UNROLL for (int j = 0; j < nv; j++) acc[i][j] = fma_(x, b[j], acc[i][j]);
        }
    }
    UNROLL for (int j = 0; j < nv; j++) {
        const vf bias = p->bias ? load_part(p->bias + column, j * VW, columns, 0) : bc(0);
        UNROLL for (int i = 0; i < mr; i++) {
            store_part(c + i * p->c_row, j * VW, columns, p->bias ? acc[i][j] + bias : acc[i][j]);
        }
    }
    // In a loop of its own, over numbers still in the first-level cache: unrolled into the tile the same
    // work made 24 copies of each activation and a quarter of a megabyte of code.
    if (p->activation != AK_IDENTITY) {
        const int64_t width = columns < LANES(NV) ? columns : LANES(NV);
        for (int i = 0; i < mr; i++) {
            FN(activate)(c + i * p->c_row, width, (ak_activation)p->activation, c + i * p->c_row);
        }
    }
}

// All rows against one panel of `nv` vectors, in tiles as even as can be: 9 rows are 5 and 4, not 8 and 1.
INLINE void product_panel(const int nv, const ak_product *p, int64_t column, const float *panel) {
    int64_t tiles = (p->m + MR - 1) / MR;
    for (int64_t row = 0; row < p->m; tiles--) {
        const int64_t rows = (p->m - row + tiles - 1) / tiles;
#define ROWS(mr) product_tile(mr, nv, p, row, column, panel)
        FOR_ROWS(rows, ROWS)
#undef ROWS
        row += rows;
    }
}

static void FN(multiply)(const ak_product *p) {
    for (int64_t column = 0; column < p->n; column += LANES(NV)) {
        const float *panel = p->panels + column / LANES(NV) * p->panel_stride;
        const int64_t vectors = (p->n - column + VW - 1) / VW;
#define WIDTH(nv) product_panel(nv, p, column, panel)
        FOR_VECTORS(vectors, WIDTH)
#undef WIDTH
    }
}

static void FN(copy_panel)(const float *src, ptrdiff_t src_row, int64_t depth, int64_t columns, float *dst) {
    for (int64_t k = 0; k < depth; k++, src += src_row, dst += LANES(NV)) {
        if (columns >= LANES(NV)) {
            UNROLL for (int j = 0; j < NV; j++) st(dst + j * VW, ld(src + j * VW));
        } else {
            UNROLL for (int j = 0; j < NV; j++) {
                st(dst + j * VW, j * VW < columns ? load_part(src, j * VW, columns, 0) : bc(0));
            }
        }
    }
}

// Sums of 64 rows are added up: the rounding of a long batch grows with 64 plus the number of blocks. A block
// of rows stays in the cache while its strips of columns are summed in registers.
static void FN(column_sums)(const float *src, ptrdiff_t src_row, int64_t rows, int64_t columns, float *sums) {
    for (int64_t i = 0; i < columns; i++) sums[i] = 0;
    for (int64_t row = 0; row < rows; row += 64) {
        const int64_t count = rows - row < 64 ? rows - row : 64;
        for (int64_t i = 0; i < columns; i += VW) {
            vf sum = bc(0);
            for (int64_t r = 0; r < count; r++) sum += load_part(src + (row + r) * src_row, i, columns, 0);
            store_part(sums, i, columns, load_part(sums, i, columns, 0) + sum);
        }
    }
}

#define MATMUL_KERNELS {.multiply = FN(multiply), .copy_panel = FN(copy_panel), .column_sums = FN(column_sums)}

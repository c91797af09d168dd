// Attention's backward pass, one panel of queries against one block of keys, recomputed from the log-sum-exp
// L (FlashAttention, arXiv:2205.14135, algorithm 4), in the transposed form of body_attention.h:
//
//     Pᵀ = 2^(Sᵀ − L)    dPᵀ = V dOᵀ    dSᵀ = Pᵀ ∘ (dPᵀ − δ)    dQᵀ += Kᵀ dSᵀ    dV += Pᵀ dO    dK += dSᵀ Q
//
// with δ = Σ dO ∘ O. Five products where the forward pass has two. The first three have queries in the lanes,
// as there; dV and dK have the lanes along the width, and broadcast the tiles of P and dS.
//
// Measured on Zen 4 (512-bit, one FMA a cycle): the whole at 92 % of the FMA peak; dV and dK at 98 %, dQ at
// 96 %, S and dP with the exponentials at 88 %. Taking S, dP and dS eight keys at a time keeps them in the
// first-level cache between the three; a pass for each over the whole block gained nothing and costs an L2
// round trip where caches are smaller. For dV and dK tiles of 12 × 2, 6 × 4 and 8 × 2 vectors are alike, so
// it is the one whose rows the other tiles have; packing their rows into slices, or prefetching them, changed
// nothing.

// Vectors of a tile of dK and dV. Three would leave a rest of one at the usual width of 64.
#define KV (NV == 3 ? 2 : NV)

// P = 2^(S − L) and dS = P ∘ (dP − δ) in place for `rows` keys at once. What has a weight of 0, as everything
// masked has, has no gradient, whatever its value is and its product overflows to.
INLINE void gradients_of_rows(const int rows, const int nv, float *s, float *dp, const vf lse[NV], const vf delta[NV]) {
    vf p[3 * NV];
    powers_of_rows(rows, nv, s, lse, p);
    UNROLL for (int i = 0; i < rows * nv; i++) {
        st(dp + i * VW, select(p[i] == bc(0), bc(0), (ld(dp + i * VW) - delta[i % nv]) * p[i]));
    }
}

INLINE void score_gradients(const int nv, const ak_gradient_block *b, int64_t first, int64_t last) {
    vf lse[NV], delta[NV];
    UNROLL for (int j = 0; j < nv; j++) {
        lse[j] = ld(b->forward->log_sum_exp + j * VW);
        delta[j] = ld(b->delta + j * VW);
    }
    float *s = b->forward->scores, *dp = b->gradients;
    int64_t i = first;
    for (; i + 2 <= last; i += 2) gradients_of_rows(2, nv, s + i * LANES(nv), dp + i * LANES(nv), lse, delta);
    for (; i < last; i++) gradients_of_rows(1, nv, s + i * LANES(nv), dp + i * LANES(nv), lse, delta);
}

// S and dP of a few keys, and dS unless something else happens to the scores first.
INLINE void products_of_rows(const int mr, const int nv, const ak_gradient_block *b, const int is_plain, int64_t i) {
    const ak_block *f = b->forward;
    vf acc[MR][NV];
    tile_rows(mr, nv, f->k + i * f->k_row, f->k_row, f->q_panel, f->d, acc);
    UNROLL for (int r = 0; r < mr; r++) {
        UNROLL for (int j = 0; j < nv; j++) st(f->scores + (i + r) * LANES(nv) + j * VW, acc[r][j]);
    }
    tile_rows(mr, nv, f->v + i * f->v_row, f->v_row, b->g_panel, f->dv, acc);
    UNROLL for (int r = 0; r < mr; r++) {
        UNROLL for (int j = 0; j < nv; j++) st(b->gradients + (i + r) * LANES(nv) + j * VW, acc[r][j]);
    }
    if (is_plain) score_gradients(nv, b, i, i + mr);
}

INLINE void products(const int nv, const ak_gradient_block *b, const int is_plain) {
    int64_t i = 0;
    for (; i + MR <= b->forward->keys; i += MR) products_of_rows(MR, nv, b, is_plain, i);
    // The last few keys one by one, so that there is only one copy of the loop above.
    for (; i < b->forward->keys; i++) products_of_rows(1, nv, b, is_plain, i);
}

// d(cap · tanh(x)) / d(cap · x) = 1 − tanh² x, while the tile of scores still holds x.
INLINE void bends(const int nv, const ak_gradient_block *b) {
    const ak_block *f = b->forward;
    for (int64_t key = 0; key < f->keys; key++) {
        UNROLL for (int j = 0; j < nv; j++) {
            vf x = ld(f->scores + key * LANES(nv) + j * VW);
            if (f->key_scale) x *= bc(f->key_scale[key]);
            const vf t = tanh_(x);
            st(b->bends + key * LANES(nv) + j * VW, (bc(1) - t) * (bc(1) + t));
        }
    }
}

// Every vector of the block's tiles, at `at`, of the keys' row `key`.
#define EACH_VECTOR(nv, b)                                  \
    for (int64_t key = 0; key < (b)->forward->keys; key++)  \
        UNROLL for (int64_t j = 0, at = key * LANES(nv); j < nv; j++, at += VW)

// d(cap · tanh x) / d(cap · x) = 1 − tanh² x, while the tile of scores still holds x.
INLINE void measure_bends(const int nv, const ak_gradient_block *b) {
    const float *key_scale = b->forward->key_scale;
    EACH_VECTOR(nv, b) {
        const vf t = tanh_(ld(b->forward->scores + at) * bc(key_scale ? key_scale[key] : 1));
        st(b->bends + at, (bc(1) - t) * (bc(1) + t));
    }
}

// score_gradients where some number is not finite: what is masked has a score of −∞ and a weight of 0, even
// in a row whose log-sum-exp is not a number.
INLINE void guarded_gradients(const int nv, const ak_gradient_block *b) {
    EACH_VECTOR(nv, b) {
        const vf s = ld(b->forward->scores + at);
        const vf weight = exp2_(s - ld(b->forward->log_sum_exp + j * VW));
        const vf p = select(s == bc(-__builtin_inff()), bc(0), weight);
        const vf d = (ld(b->gradients + at) - ld(b->delta + j * VW)) * p;
        st(b->forward->scores + at, p);
        st(b->gradients + at, select(p == bc(0), bc(0), d));
    }
}

// tile ← tile · factor; what is 0 stays 0.
INLINE void scale_tile(const int nv, const ak_gradient_block *b, float *tile, const float *factors) {
    EACH_VECTOR(nv, b) {
        const vf x = ld(tile + at);
        st(tile + at, select(x == bc(0), bc(0), x * ld(factors + at)));
    }
}

INLINE void scale_tile_by_key(const int nv, const ak_gradient_block *b, float *tile, const float *factors) {
    EACH_VECTOR(nv, b) {
        const vf x = ld(tile + at);
        st(tile + at, select(x == bc(0), bc(0), x * bc(factors[key])));
    }
}

// The slope's part of a score is −slope · distance.
INLINE void add_slope_gradients(const int nv, const ak_gradient_block *b) {
    const ak_block *f = b->forward;
    vf sum[NV];
    UNROLL for (int j = 0; j < nv; j++) sum[j] = bc(0);
    EACH_VECTOR(nv, b) {
        vi position;
        __builtin_memcpy(&position, f->position + j * VW, sizeof position);
        const vf distance = __builtin_convertvector(position - (vi)(f->first_key + (int32_t)key), vf);
        sum[j] = fma_(vabs(distance), -ld(b->gradients + at), sum[j]);
    }
    UNROLL for (int j = 0; j < nv; j++) st(b->slope_gradient + j * VW, ld(b->slope_gradient + j * VW) + sum[j]);
}

// bias_gradient[row][key] += tile[key][row], by VW × VW blocks. Rows may be one and the same where a bias
// serves several: they are added one after the other.
INLINE void add_bias_gradients(const int nv, const ak_gradient_block *b) {
    const int64_t keys = b->forward->keys;
    for (int64_t r0 = 0; r0 < b->rows; r0 += VW) {
        const int rows = b->rows - r0 < VW ? (int)(b->rows - r0) : VW;
        for (int64_t k0 = 0; k0 < keys; k0 += VW) {
            vf t[VW];
            UNROLL for (int i = 0; i < VW; i++) {
                t[i] = k0 + i < keys ? ld(b->gradients + (k0 + i) * LANES(nv) + r0) : bc(0);
            }
            transpose(t);
            for (int i = 0; i < rows; i++) {
                float *at = b->bias_gradient[r0 + i];
                store_part(at, k0, keys, load_part(at, k0, keys, 0) + t[i]);
            }
        }
    }
}

// dQᵀ += Kᵀ dSᵀ
INLINE void add_query_gradients(const int nv, const ak_gradient_block *b) {
    const ak_block *f = b->forward;
    if (b->is_guarded) {
        for (int64_t i = 0; i < f->d; i++) {
            UNROLL for (int j = 0; j < nv; j++) {
                vf acc = bc(0);
                for (int64_t key = 0; key < f->keys; key++) {
                    const vf d = ld(b->gradients + key * LANES(nv) + j * VW);
                    acc = select(d == bc(0), acc, fma_(bc(f->k[key * f->k_row + i]), d, acc));
                }
                float *at = b->q_gradient + i * LANES(nv) + j * VW;
                st(at, ld(at) + acc);
            }
        }
        return;
    }
    if (f->d == 0) return;
    // Tiles of even height: see `accumulate`.
    int64_t tiles = (f->d + MR - 1) / MR, height = f->d / tiles, taller = f->d % tiles, row = 0;
    for (int64_t t = 0; t < tiles; t++) {
        int64_t rows = height + (t < taller);
#define ROWS(mr) tile_columns(mr, nv, f->k + row, f->k_row, b->gradients, f->keys, b->q_gradient + row * LANES(nv))
        FOR_ROWS(rows, ROWS)
#undef ROWS
        row += rows;
    }
}

// Everything between the products that is not plain.
INLINE void modified_gradients(const int nv, const ak_gradient_block *b) {
    const ak_block *f = b->forward;
    vf ignored[NV];
    if (f->softcap > 0) measure_bends(nv, b);
    modify_scores(nv, f, ignored);
    if (f->dropout) {
        dropout_tile(nv, f->dropout, f->keys, 0, b->kept);
        EACH_VECTOR(nv, b) st(b->gradients + at, ld(b->gradients + at) * ld(b->kept + at));
    }
    if (b->is_guarded) guarded_gradients(nv, b); else score_gradients(nv, b, 0, f->keys);
    if (f->dropout) scale_tile(nv, b, f->scores, b->kept);
    if (b->bias_gradient) add_bias_gradients(nv, b);
    if (b->slope_gradient) add_slope_gradients(nv, b);
    if (f->softcap > 0) scale_tile(nv, b, b->gradients, b->bends);
    if (f->key_scale) scale_tile_by_key(nv, b, b->gradients, f->key_scale);
}

INLINE void gradients_of_block(const int nv, const ak_gradient_block *b) {
    const ak_block *f = b->forward;
    const int is_plain =
        !(is_masked(f) || f->key_scale || f->softcap > 0 || f->slope || f->dropout || b->bias_gradient || b->is_guarded);
    products(nv, b, is_plain);
    if (!is_plain) modified_gradients(nv, b);
    if (b->q_gradient) add_query_gradients(nv, b);
}

// out[mr keys][nv vectors] += Σ over all tiles' queries.
INLINE void key_product_tile(const int mr, const int nv, const int guarded, const ak_key_product *p, int64_t key,
                             int64_t column) {
    vf acc[MR][NV];
    UNROLL for (int i = 0; i < mr; i++) UNROLL for (int j = 0; j < nv; j++) acc[i][j] = bc(0);
    for (int32_t t = 0; t < p->tile_count; t++) {
        const ak_key_tile *tile = p->tiles + t;
        if (key + mr <= tile->first || key >= tile->last) continue;
        const int64_t lanes = tile->lanes;
        const float *rows = tile->rows + column, *base[(MR + 2) / 3];  // see tile_rows
        UNROLL for (int i = 0; i < (mr + 2) / 3; i++) {
            base[i] = tile->tile + (key + 3 * i) * lanes;
            __asm__("" : "+r"(base[i]));
        }
        for (int64_t q = 0; q < tile->count; q++, rows += p->row) {
            vf row[NV];
            UNROLL for (int j = 0; j < nv; j++) row[j] = ld(rows + j * VW);
            UNROLL for (int i = 0; i < mr; i++) {
                const float x = base[i / 3][(i % 3) * lanes + q];
                if (guarded && x == 0) continue;
                UNROLL for (int j = 0; j < nv; j++) acc[i][j] = fma_(bc(x), row[j], acc[i][j]);
            }
        }
    }
    UNROLL for (int i = 0; i < mr; i++) {
        UNROLL for (int j = 0; j < nv; j++) {
            float *at = p->out + (key + i) * p->out_row + column + j * VW;
            st(at, ld(at) + acc[i][j]);
        }
    }
}

INLINE void key_product_columns(const int nv, const ak_key_product *p, int64_t column) {
    int64_t tiles = (p->keys + MR - 1) / MR, height = p->keys / tiles, taller = p->keys % tiles, key = 0;
    for (int64_t t = 0; t < tiles; t++) {
        int64_t rows = height + (t < taller);
#define ROWS(mr) key_product_tile(mr, nv, 0, p, key, column)
        FOR_ROWS(rows, ROWS)
#undef ROWS
        key += rows;
    }
}

static void FN(add_key_product)(const ak_key_product *p) {
    if (p->keys == 0) return;
    if (p->is_guarded) {
        for (int64_t column = 0; column < p->width; column += VW) {
            for (int64_t key = 0; key < p->keys; key++) key_product_tile(1, 1, 1, p, key, column);
        }
        return;
    }
    int64_t column = 0;
    for (; column + KV * VW <= p->width; column += KV * VW) key_product_columns(KV, p, column);
    for (; column < p->width; column += VW) key_product_columns(1, p, column);
}

#define WIDTH(nv) NOINLINE void AK_CAT(gradients_##nv, ISA)(const ak_gradient_block *b) { gradients_of_block(nv, b); }
WIDTH(1)
WIDTH(2)
#if NV > 2
WIDTH(3)
#endif
#if NV > 3
WIDTH(4)
#endif
#undef WIDTH

static void FN(gradient_block)(const ak_gradient_block *b) {
#define CALL(nv) AK_CAT(gradients_##nv, ISA)(b)
    FOR_VECTORS(b->forward->vectors, CALL)
#undef CALL
}

static int32_t FN(are_finite)(const float *x, ptrdiff_t row, int64_t rows, int64_t width) {
    return !has_nonfinite(x, row, rows, width);
}

static int32_t FN(copy_rows)(const float *const *src, int64_t rows, int64_t width, const float *scale, float *dst,
                             int64_t padded) {
    vf sum = bc(0);
    for (int64_t r = 0; r < rows; r++) {
        const vf factor = bc(scale ? scale[r] : 1);
        for (int64_t i = 0; i < padded; i += VW) {
            const vf x = load_part(src[r], i, width > i ? width : i, 0) * factor;
            sum = fma_(x, bc(0), sum);
            st(dst + r * padded + i, x);
        }
    }
    return reduce_add(sum) == 0;
}

static void FN(dot_rows)(const float *a, ptrdiff_t a_row, const float *b, ptrdiff_t b_row, int64_t rows, int64_t width,
                         float *out) {
    for (int64_t r = 0; r < rows; r++, a += a_row, b += b_row) {
        vf sum = bc(0);
        for (int64_t i = 0; i < width; i += VW) {
            const vf x = load_part(a, i, width, 0);
            sum = select(x == bc(0), sum, fma_(x, load_part(b, i, width, 0), sum));
        }
        out[r] = reduce_add(sum);
    }
}

static double FN(project_rows)(const float *x, ptrdiff_t x_row, const float *inverse_norms, int64_t rows, int64_t width,
                               float *g, ptrdiff_t g_row) {
    double total = 0;
    for (int64_t r = 0; r < rows; r++, x += x_row, g += g_row) {
        const float inverse = inverse_norms[r];
        vi some = (vi)(0);
        for (int64_t i = 0; i < width; i += VW) some |= load_part(g, i, width, 0) != bc(0);
        // A row without a direction, or one without a gradient because no other row sees it: it may hold
        // anything.
        if (inverse == 0 || !any(some)) continue;
        vf sum = bc(0);
        for (int64_t i = 0; i < width; i += VW) {
            sum = fma_(load_part(x, i, width, 0) * bc(inverse), load_part(g, i, width, 0), sum);
        }
        const float along = reduce_add(sum);
        for (int64_t i = 0; i < width; i += VW) {
            const vf unit = load_part(x, i, width, 0) * bc(inverse);
            store_part(g, i, width, fma_(unit, bc(-along), load_part(g, i, width, 0)));
        }
        total += (double)along / inverse;
    }
    return total;
}

#define AK_BACKWARD_KERNELS                                                                                           \
    {                                                                                                                 \
        .gradient_block = FN(gradient_block), .add_key_product = FN(add_key_product), .copy_rows = FN(copy_rows),     \
        .are_finite = FN(are_finite), .dot_rows = FN(dot_rows), .project_rows = FN(project_rows),                     \
    }

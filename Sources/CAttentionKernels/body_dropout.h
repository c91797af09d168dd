// Dropout of attention's weights by the random numbers of vec_random.h: the lower word of a weight's place is
// that of its query, the upper one its key. So for each vector only the last mix remains, about ten
// instructions.

// tile[keys][lanes] ← 0 for what is dropped, the scale for what is kept; or is multiplied by that.
INLINE void dropout_tile(const int nv, const ak_dropout *d, int32_t keys, const int multiplies, float *tile) {
    vu low[NV];
    UNROLL for (int j = 0; j < nv; j++) {
        __builtin_memcpy(&low[j], d->place + j * VW, sizeof(vu));
        low[j] = random_low_(d->key, low[j]);
    }
    for (int32_t key = 0; key < keys; key++) {
        const uint32_t high = random_high(d->key, (uint32_t)(d->first_key + key));
        UNROLL for (int j = 0; j < nv; j++) {
            const vi is_kept = (vi)(mix_(low[j] ^ (vu)(high)) >= (vu)(d->threshold));
            const vf factor = select(is_kept, bc(d->scale), bc(0));
            float *at = tile + ((int64_t)key * nv + j) * VW;
            st(at, multiplies ? ld(at) * factor : factor);
        }
    }
}

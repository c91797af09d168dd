// Rotary positions (arXiv:2104.09864): each pair of channels turns by the angle of its position.

#if VW == 16
#define AK_EVEN(a, b) __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30)
#define AK_ODD(a, b) __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31)
#elif VW == 8
#define AK_EVEN(a, b) __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14)
#define AK_ODD(a, b) __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15)
#else
#define AK_EVEN(a, b) __builtin_shufflevector(a, b, 0, 2, 4, 6)
#define AK_ODD(a, b) __builtin_shufflevector(a, b, 1, 3, 5, 7)
#endif

// (a, b) turned: (a cos − b sin, b cos + a sin)
INLINE void turn(vf *a, vf *b, vf cosine, vf sine) {
    vf turned = fma_(*a, cosine, -(*b * sine));
    *b = fma_(*b, cosine, *a * sine);
    *a = turned;
}

INLINE void turn_halves(const ak_rotation *p, const float *x, const float *cosines, const float *sines, float *out) {
    for (int64_t i = 0; i < p->pairs; i += VW) {
        vf a = load_part(x, i, p->pairs, 0), b = load_part(x + p->pairs, i, p->pairs, 0);
        turn(&a, &b, load_part(cosines, i, p->pairs, 0), load_part(sines, i, p->pairs, 0) * bc(p->direction));
        store_part(out, i, p->pairs, a);
        store_part(out + p->pairs, i, p->pairs, b);
    }
}

INLINE void turn_neighbours(const ak_rotation *p, const float *x, const float *cosines, const float *sines,
                            float *out) {
    const int64_t channels = 2 * p->pairs;
    for (int64_t i = 0; i < p->pairs; i += VW) {
        // The second vector may begin beyond the last pair, where nothing is read or written.
        const int64_t first = 2 * i, second = 2 * i + VW < channels ? 2 * i + VW : channels;
        vf low = load_part(x, first, channels, 0), high = load_part(x, second, channels, 0);
        vf a = AK_EVEN(low, high), b = AK_ODD(low, high);
        turn(&a, &b, load_part(cosines, i, p->pairs, 0), load_part(sines, i, p->pairs, 0) * bc(p->direction));
        store_part(out, first, channels, AK_LOW(a, b));
        store_part(out, second, channels, AK_HIGH(a, b));
    }
}

static void FN(rotate)(const ak_rotation *p) {
    const size_t rest = (size_t)(p->width - 2 * p->pairs) * sizeof(float);
    for (int64_t n = 0; n < p->positions; n++) {
        const float *cosines = p->cosines + n * p->table_row, *sines = p->sines + n * p->table_row;
        for (int64_t h = 0; h < p->heads; h++) {
            const float *x = p->x + n * p->x_position + h * p->x_head;
            float *out = p->out + n * p->out_position + h * p->out_head;
            if (p->interleaved) turn_neighbours(p, x, cosines, sines, out);
            else turn_halves(p, x, cosines, sines, out);
            if (out != x) __builtin_memcpy(out + 2 * p->pairs, x + 2 * p->pairs, rest);
        }
    }
}

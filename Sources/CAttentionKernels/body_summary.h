// Sums and maxima over tiles of weights, first along the keys, lane by lane, and then along the lanes.

static void FN(reduce_tile)(const float *weights, int32_t vectors, int64_t keys, const int32_t *ends, int64_t cells,
                            float *sum, float *maximum, ptrdiff_t stride) {
    const int64_t lanes = (int64_t)vectors * VW;
    float sums[NV * VW], maxima[NV * VW];
    for (int64_t lane = 0; lane < lanes; lane += VW) {
        vf total = bc(0), largest = bc(0);
        for (int64_t key = 0; key < keys; key++) {
            const vf w = ld(weights + key * lanes + lane);
            total += w;
            largest = vmax(w, largest);
        }
        st(sums + lane, total);
        st(maxima + lane, largest);
    }
    int32_t lane = 0;
    for (int64_t cell = 0; cell < cells; cell++) {
        float total = 0, largest = 0;
        for (; lane < ends[cell]; lane++) {
            total += sums[lane];
            largest = maxima[lane] > largest ? maxima[lane] : largest;
        }
        sum[cell * stride] += total;
        if (largest > maximum[cell * stride]) maximum[cell * stride] = largest;
    }
}

#define AK_SUMMARY_KERNELS {.reduce_tile = FN(reduce_tile)}

// Passes over a vocabulary (ak_sampling.h). A block's 64 numbers are sixteen lanes, whatever the vector's width, so that
// sums have one order.
enum { SAMPLING_LANES = 16, SAMPLING_VECTORS = SAMPLING_LANES / VW };

static float FN(sampling_maxima)(const float *x, int64_t count, float *maxima) {
    const float infinity = __builtin_inff();
    float greatest = -infinity;
    vi odd = (vi)(bc(0));
    for (int64_t begin = 0; begin < count; begin += AK_SAMPLING_BLOCK) {
        const int64_t end = count - begin < AK_SAMPLING_BLOCK ? count : begin + AK_SAMPLING_BLOCK;
        vf largest = bc(-infinity);
        for (int64_t i = begin; i < end; i += VW) {
            vf v = load_part(x, i, end, -infinity);
            largest = vmax(v, largest);
            odd |= ~(v < bc(infinity));  // NaN compares as false
        }
        float lanes[VW], block = -infinity;
        st(lanes, largest);
        UNROLL for (int lane = 0; lane < VW; lane++) block = lanes[lane] > block ? lanes[lane] : block;
        maxima[begin / AK_SAMPLING_BLOCK] = block;
        greatest = block > greatest ? block : greatest;
    }
    return any(odd) ? __builtin_nanf("") : greatest;
}

// 2ˣ as exp2_ in vec_math.h, without fused multiply-add.
INLINE vf sampling_exp2(vf x) {
    x = vmax(bc(EXP2_LOWEST), x);
    vf rounded = x + bc(EXP2_ROUND);
    vf f = x - (rounded - bc(EXP2_ROUND));
    vf p = bc(EXP2_C6) * f + bc(EXP2_C5);
    p = p * f + bc(EXP2_C4);
    p = p * f + bc(EXP2_C3);
    p = p * f + bc(EXP2_C2);
    p = p * f + bc(EXP2_C1);
    p = p * f + bc(1);
    return p * as_float(as_int(rounded) << 23);
}

static void FN(sampling_weigh)(const float *x, int64_t count, float maximum, float scale, float *weights,
                               float *sums) {
    for (int64_t begin = 0; begin < count; begin += AK_SAMPLING_BLOCK) {
        const int64_t end = count - begin < AK_SAMPLING_BLOCK ? count : begin + AK_SAMPLING_BLOCK;
        vf sum[SAMPLING_VECTORS];
        UNROLL for (int v = 0; v < SAMPLING_VECTORS; v++) sum[v] = bc(0);
        for (int64_t first = begin; first < end; first += SAMPLING_LANES) {
            UNROLL for (int v = 0; v < SAMPLING_VECTORS; v++) {
                const int64_t i = first + v * VW;
                if (i >= end) break;
                vf distance = (load_part(x, i, end, -__builtin_inff()) - bc(maximum)) * bc(scale);
                vf weight = sampling_exp2(distance * bc(LOG2_E));
                sum[v] += weight;
                if (weights) store_part(weights, i, end, weight);
            }
        }
        float lanes[SAMPLING_LANES];
        UNROLL for (int v = 0; v < SAMPLING_VECTORS; v++) st(lanes + v * VW, sum[v]);
        UNROLL for (int width = SAMPLING_LANES / 2; width > 0; width /= 2) {
            UNROLL for (int i = 0; i < width; i++) lanes[i] += lanes[i + width];
        }
        sums[begin / AK_SAMPLING_BLOCK] = lanes[0];
    }
}

static int64_t FN(sampling_reaching)(const float *x, int64_t count, float floor, int32_t *places) {
    int64_t found = 0;
    for (int64_t begin = 0; begin < count; begin += VW) {
        // Few vectors hold one; in those that do, no branch is guessed wrong.
        if (!any(load_part(x, begin, count, -__builtin_inff()) >= bc(floor))) continue;
        const int64_t end = count - begin < VW ? count : begin + VW;
        for (int64_t i = begin; i < end; i++) {
            places[found] = (int32_t)i;
            found += x[i] >= floor;
        }
    }
    return found;
}

#define AK_SAMPLING_KERNELS {FN(sampling_maxima), FN(sampling_weigh), FN(sampling_reaching)}

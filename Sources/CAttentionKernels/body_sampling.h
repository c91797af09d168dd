// Passes over a vocabulary (ak_sampling.h). A block's 64 numbers are sixteen lanes, whatever the vector's
// width, so that sums have one order.
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

// The sum of a block's lanes, by halves.
INLINE float sampling_block_sum(const vf sum[SAMPLING_VECTORS]) {
    float lanes[SAMPLING_LANES];
    UNROLL for (int v = 0; v < SAMPLING_VECTORS; v++) st(lanes + v * VW, sum[v]);
    UNROLL for (int width = SAMPLING_LANES / 2; width > 0; width /= 2) {
        UNROLL for (int i = 0; i < width; i++) lanes[i] += lanes[i + width];
    }
    return lanes[0];
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
        sums[begin / AK_SAMPLING_BLOCK] = sampling_block_sum(sum);
    }
}

static int64_t FN(sampling_between)(const float *x, int64_t count, float low, float high, int32_t *places) {
    int64_t found = 0;
    for (int64_t begin = 0; begin < count; begin += VW) {
        // Few vectors hold one; in those that do, no branch is guessed wrong.
        vf v = load_part(x, begin, count, __builtin_nanf(""));
        if (!any((v >= bc(low)) & (v <= bc(high)))) continue;
        const int64_t end = count - begin < VW ? count : begin + VW;
        for (int64_t i = begin; i < end; i++) {
            places[found] = (int32_t)i;
            found += (x[i] >= low) & (x[i] <= high);
        }
    }
    return found;
}

static void FN(sampling_bins)(const float *order, const float *weights, int64_t count, float floor, int32_t low,
                              int32_t shift, double *sums) {
    // Neighbours are added up apart: many are of one bin, and would wait for each other.
    enum { PARTS = 4 };
    double parts[PARTS][AK_SAMPLING_BINS] = {{0}};
    for (int64_t begin = 0; begin < count; begin += VW) {
        vf v = load_part(order, begin, count, 0);
        vi counts = v >= bc(floor);
        if (!any(counts)) continue;
        vi bin = (as_int(v) - low) >> shift;
        bin = bin < 0 ? (vi)(0) : bin;
        bin = bin > AK_SAMPLING_BINS - 1 ? (vi)(AK_SAMPLING_BINS - 1) : bin;
        vf weight = select(counts, load_part(weights, begin, count, 0), bc(0));
        UNROLL for (int lane = 0; lane < VW; lane++) parts[lane % PARTS][bin[lane]] += (double)weight[lane];
    }
    for (int b = 0; b < AK_SAMPLING_BINS; b++) {
        sums[b] = (parts[0][b] + parts[1][b]) + (parts[2][b] + parts[3][b]);
    }
}

static void FN(sampling_keep)(const float *order, float *weights, int64_t count, float boundary, int32_t last,
                              float *sums) {
    for (int64_t begin = 0; begin < count; begin += AK_SAMPLING_BLOCK) {
        const int64_t end = count - begin < AK_SAMPLING_BLOCK ? count : begin + AK_SAMPLING_BLOCK;
        vf sum[SAMPLING_VECTORS];
        UNROLL for (int v = 0; v < SAMPLING_VECTORS; v++) sum[v] = bc(0);
        for (int64_t first = begin; first < end; first += SAMPLING_LANES) {
            UNROLL for (int v = 0; v < SAMPLING_VECTORS; v++) {
                const int64_t i = first + v * VW;
                if (i >= end) break;
                vf at = load_part(order, i, end, 0);
                vi kept = (at > bc(boundary)) | ((at == bc(boundary)) & (iota_int() + (int32_t)i <= last));
                vf weight = select(kept, load_part(weights, i, end, 0), bc(0));
                sum[v] += weight;
                store_part(weights, i, end, weight);
            }
        }
        sums[begin / AK_SAMPLING_BLOCK] = sampling_block_sum(sum);
    }
}

typedef double FN(sampling_doubles) __attribute__((ext_vector_type(VW)));

static void FN(sampling_information)(const float *x, const float *weights, int64_t count, float maximum, float scale,
                                     double *weight, double *information) {
    double total[SAMPLING_LANES], weighted[SAMPLING_LANES];
    FN(sampling_doubles) t[SAMPLING_VECTORS], w[SAMPLING_VECTORS];
    UNROLL for (int v = 0; v < SAMPLING_VECTORS; v++) t[v] = w[v] = (FN(sampling_doubles))(0);
    for (int64_t first = 0; first < count; first += SAMPLING_LANES) {
        UNROLL for (int v = 0; v < SAMPLING_VECTORS; v++) {
            const int64_t i = first + v * VW;
            if (i >= count) break;
            vf part = load_part(weights, i, count, 0);
            vf d = bc(scale) * (bc(maximum) - load_part(x, i, count, 0));
            // A weight of 0 may lie at an infinite distance.
            d = select(part > 0, d, bc(0));
            FN(sampling_doubles) wide = __builtin_convertvector(part, FN(sampling_doubles));
            t[v] += wide;
            w[v] += wide * __builtin_convertvector(d, FN(sampling_doubles));
        }
    }
    UNROLL for (int v = 0; v < SAMPLING_VECTORS; v++) {
        UNROLL for (int lane = 0; lane < VW; lane++) {
            total[v * VW + lane] = t[v][lane];
            weighted[v * VW + lane] = w[v][lane];
        }
    }
    UNROLL for (int width = SAMPLING_LANES / 2; width > 0; width /= 2) {
        UNROLL for (int i = 0; i < width; i++) {
            total[i] += total[i + width];
            weighted[i] += weighted[i + width];
        }
    }
    *weight = total[0];
    *information = weighted[0];
}

static void FN(sampling_closeness)(const float *x, int64_t count, float maximum, float scale, float mean,
                                   float *order) {
    const vi infinity = as_int(bc(__builtin_inff()));
    for (int64_t i = 0; i < count; i += VW) {
        vf d = bc(scale) * (bc(maximum) - load_part(x, i, count, 0));
        store_part(order, i, count, as_float(infinity - as_int(vabs(d - bc(mean)))));
    }
}

#define AK_SAMPLING_KERNELS                                                                                        \
    {FN(sampling_maxima), FN(sampling_weigh), FN(sampling_between), FN(sampling_bins), FN(sampling_keep),           \
     FN(sampling_information), FN(sampling_closeness)}

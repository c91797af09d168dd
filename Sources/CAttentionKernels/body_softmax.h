// Softmax over rows, and cross-entropy from logits.

// The largest number of a row; a NaN may be passed over (it comes back in the sum of the exponentials).
INLINE float row_maximum(const float *x, int64_t width) {
    vf a = bc(-__builtin_inff()), b = a, c = a, d = a;
    int64_t i = 0;
    for (; i + 4 * VW <= width; i += 4 * VW) {
        a = vmax(ld(x + i), a);
        b = vmax(ld(x + i + VW), b);
        c = vmax(ld(x + i + 2 * VW), c);
        d = vmax(ld(x + i + 3 * VW), d);
    }
    for (; i < width; i += VW) a = vmax(load_part(x, i, width, -__builtin_inff()), a);
    float lanes[VW], largest = -__builtin_inff();
    st(lanes, vmax(vmax(a, b), vmax(c, d)));
    for (int lane = 0; lane < VW; lane++) largest = lanes[lane] > largest ? lanes[lane] : largest;
    return largest;
}

// exp(x − reference)
INLINE vf exp_below(vf x, float reference) { return exp2_((x - bc(reference)) * bc(LOG2_E)); }

// The reference of a row's exponentials, exp(x − reference): its maximum, or 0 for a row of −∞ alone, whose
// exponentials are then 0.
INLINE float finite_reference(float maximum) { return maximum == -__builtin_inff() ? 0 : maximum; }

// Long sums are added up by parts of so many vectors: in one chain, a row's many small exponentials are
// rounded one by one beside its largest, which with four lanes cost 8e-7 over 777 numbers, and twice
// PyTorch's error.
enum { PART = 16 * VW };

static void FN(softmax)(const float *x, int64_t rows, int64_t width, int32_t logarithm, float *out) {
    for (int64_t r = 0; r < rows; r++, x += width, out += width) {
        const float reference = finite_reference(row_maximum(x, width));
        vf sum = bc(0);
        for (int64_t begin = 0; begin < width; begin += PART) {
            vf part = bc(0);
            for (int64_t i = begin; i < width && i < begin + PART; i += VW) {
                vf e = exp_below(load_part(x, i, width, -__builtin_inff()), reference);
                part += e;
                if (!logarithm) store_part(out, i, width, e);
            }
            sum += part;
        }
        const float total = reduce_add(sum);
        const float inverse = total == 0 ? 0 : 1 / total, log_total = total == 0 ? 0 : __builtin_logf(total);
        for (int64_t i = 0; i < width; i += VW) {
            vf y = logarithm ? load_part(x, i, width, 0) - bc(reference) - bc(log_total)
                             : load_part(out, i, width, 0) * bc(inverse);
            store_part(out, i, width, y);
        }
    }
}

// dx = y (dy − Σ y dy);  of the logarithm: dx = dy − exp(y) Σ dy
static void FN(softmax_backward)(const float *y, const float *gradient, int64_t rows, int64_t width,
                                 int32_t logarithm, float *out) {
    for (int64_t r = 0; r < rows; r++, y += width, gradient += width, out += width) {
        vf sum = bc(0);
        for (int64_t begin = 0; begin < width; begin += PART) {
            vf part = bc(0);
            for (int64_t i = begin; i < width && i < begin + PART; i += VW) {
                vf g = load_part(gradient, i, width, 0);
                part = logarithm ? part + g : fma_(load_part(y, i, width, 0), g, part);
            }
            sum += part;
        }
        const float total = reduce_add(sum);
        for (int64_t i = 0; i < width; i += VW) {
            vf g = load_part(gradient, i, width, 0), p = load_part(y, i, width, 0);
            store_part(out, i, width, logarithm ? fma_(exp_below(p, 0), bc(-total), g) : p * (g - bc(total)));
        }
    }
}

typedef struct {
    float maximum, log_total;
    float below;  // Σ wⱼ (maximum − xⱼ), where it is asked for
} row_total;

// log Σ exp of a row, in one pass through memory: by chunks that stay in the first-level cache while their
// maximum and then their exponentials are found. A vocabulary's row is larger than that cache.
INLINE row_total total_of_row(const float *x, int64_t width, const float *weights, float weight_sum, int smoothed) {
    enum { CHUNK = 1024 };
    float maximum = -__builtin_inff(), total = 0, origin = 0, weighted = 0;
    for (int64_t begin = 0; begin < width; begin += CHUNK) {
        const float *chunk = x + begin;
        const int64_t count = width - begin < CHUNK ? width - begin : CHUNK;
        const float largest = row_maximum(chunk, count);
        if (largest > maximum) {
            total *= exp_below(bc(maximum), largest)[0];
            maximum = largest;
        }
        const float reference = finite_reference(maximum);
        if (begin == 0) origin = reference;
        vf sum = bc(0), distances = bc(0);
        for (int64_t first = 0; first < count; first += PART) {
            vf part = bc(0);
            for (int64_t i = first; i < count && i < first + PART; i += VW) {
                part += exp_below(load_part(chunk, i, count, -__builtin_inff()), reference);
                if (smoothed) {
                    vf distance = load_part(chunk, i, count, origin) - bc(origin);
                    vf w = weights ? load_part(weights + begin, i, count, 0) : bc(1);
                    distances = fma_(w, distance, distances);
                }
            }
            sum += part;
        }
        total += reduce_add(sum);
        weighted += reduce_add(distances);
    }
    maximum = finite_reference(maximum);
    return (row_total){maximum, __builtin_logf(total), weight_sum * (maximum - origin) - weighted};
}

static void FN(cross_entropy)(const ak_cross_entropy *p, float *losses) {
    for (int64_t r = 0; r < p->rows; r++) {
        const int64_t target = p->targets[r];
        losses[r] = p->maximum[r] = p->log_total[r] = 0;
        if (target < 0) continue;
        const float *z = p->logits + r * p->logits_row;
        const row_total row = total_of_row(z, p->classes, p->class_weights, p->weight_sum, p->smoothing != 0);
        const float weight = p->class_weights ? p->class_weights[target] : 1;
        const float surprise = (row.maximum - z[target]) + row.log_total;
        losses[r] = (1 - p->smoothing) * weight * surprise;
        if (p->smoothing != 0) {
            losses[r] += p->smoothing / (float)p->classes * (row.below + p->weight_sum * row.log_total);
        }
        p->maximum[r] = row.maximum;
        p->log_total[r] = row.log_total;
    }
}

// dzⱼ = g · (((1 − ε) w_t + ε / classes Σ w) · pⱼ − (1 − ε) w_t [j = t] − ε / classes · wⱼ)
static void FN(cross_entropy_backward)(const ak_cross_entropy *p, const float *gradients, float *out,
                                       ptrdiff_t out_row) {
    const float share = p->smoothing / (float)p->classes;
    for (int64_t r = 0; r < p->rows; r++, out += out_row) {
        const int64_t target = p->targets[r];
        if (target < 0) {
            __builtin_memset(out, 0, (size_t)p->classes * sizeof(float));
            continue;
        }
        const float *z = p->logits + r * p->logits_row;
        const float weight = p->class_weights ? p->class_weights[target] : 1;
        const float hit = gradients[r] * (1 - p->smoothing) * weight;
        const float scale = hit + gradients[r] * share * p->weight_sum;
        const float each = -gradients[r] * share;
        for (int64_t i = 0; i < p->classes; i += VW) {
            vf distance = load_part(z, i, p->classes, 0) - bc(p->maximum[r]) - bc(p->log_total[r]);
            vf gradient = exp_below(distance, 0) * bc(scale);
            if (share != 0) {
                vf w = p->class_weights ? load_part(p->class_weights, i, p->classes, 0) : bc(1);
                gradient = fma_(w, bc(each), gradient);
            }
            store_part(out, i, p->classes, gradient);
        }
        out[target] -= hit;
    }
}

#include "attention_case.h"

#include <math.h>

// Rows with a gap of NaN between them, and no gap after the last.
static float *spaced_rows(int rows, int width, ptrdiff_t stride) {
    float *result = floats((rows - 1) * stride + width);
    for (int r = 0; r < rows; r++) {
        for (int i = 0; i < width; i++) result[r * stride + i] = (float)random_number();
    }
    return result;
}

void make_case(const ak_kernels *kernels, Case *c) {
    c->kernels = kernels;
    c->lanes = c->vectors * kernels->lane_width;
    c->k_row = c->d + 2;
    c->v_row = c->dv + 3;
    c->k = spaced_rows(c->keys, c->d, c->k_row);
    c->v = spaced_rows(c->keys, c->dv, c->v_row);
    c->q = random_floats((int64_t)c->d * c->lanes);
    for (int i = 0; i < c->d * c->lanes; i++) c->q[i] *= 3;
    c->distance = (float)(random_below(40) - 20);
    if (c->key_scaled) c->key_scale = random_floats(c->keys);
    if (c->intervals) {
        c->first = integers(c->lanes);
        c->last = integers(c->lanes);
        for (int lane = 0; lane < c->lanes; lane++) {
            c->first[lane] = random_below(c->keys);
            c->last[lane] = c->first[lane] + random_below(c->keys - c->first[lane] + 1);
        }
    }
    if (!c->biased) return;
    c->bias = random_floats((int64_t)c->keys * c->lanes);
    for (int i = 0; i < c->keys * c->lanes; i++) {
        const bool blind = i % c->lanes == 1;  // a lane that sees nothing
        if (blind || random_below(4) == 0) c->bias[i] = -INFINITY;
    }
}

bool is_visible(const Case *c, int key, int lane) {
    if (c->intervals && (key < c->first[lane] || key >= c->last[lane])) return false;
    return !c->biased || c->bias[key * c->lanes + lane] != -INFINITY;
}

static void answer_score(const Case *c, int key, int lane, double *score, double *magnitude) {
    double s = 0, m = 0;
    for (int i = 0; i < c->d; i++) {
        const double term = (double)c->q[i * c->lanes + lane] * c->k[key * c->k_row + i];
        s += term;
        m += fabs(term);
    }
    if (c->key_scaled) {
        s *= c->key_scale[key];
        m *= fabs(c->key_scale[key]);
    }
    if (c->softcap > 0) {
        s = c->softcap * tanh(s);
        m = c->softcap * m;
    }
    const double fall = c->slope * fabs((double)c->distance + lane - key);
    const double bias = c->biased ? c->bias[key * c->lanes + lane] : 0;
    *score = is_visible(c, key, lane) ? s - fall + bias : -INFINITY;
    *magnitude = m + fabs(fall) + (bias == -INFINITY ? 0 : fabs(bias));
}

void answer(const Case *c, Answer *a) {
    for (int lane = 0; lane < c->lanes; lane++) {
        double largest = -INFINITY, total = 0;
        a->largest_magnitude[lane] = 0;
        for (int key = 0; key < c->keys; key++) {
            answer_score(c, key, lane, &a->score[key][lane], &a->magnitude[key][lane]);
            largest = fmax(largest, a->score[key][lane]);
            a->largest_magnitude[lane] = fmax(a->largest_magnitude[lane], a->magnitude[key][lane]);
        }
        for (int i = 0; i < c->dv; i++) a->output[i][lane] = 0;
        a->log_sum_exp[lane] = -INFINITY;
        if (largest == -INFINITY) continue;
        for (int key = 0; key < c->keys; key++) {
            const double weight = exp2(a->score[key][lane] - largest);
            total += weight;
            for (int i = 0; i < c->dv && weight > 0; i++) a->output[i][lane] += weight * c->v[key * c->v_row + i];
        }
        for (int i = 0; i < c->dv; i++) a->output[i][lane] /= total;
        a->log_sum_exp[lane] = (largest + log2(total)) * log(2);
    }
}

void for_each_block(const Case *c, ak_block shared, void (*body)(const ak_block *, int, void *), void *context) {
    int32_t *first = c->intervals ? integers(c->lanes) : NULL, *last = c->intervals ? integers(c->lanes) : NULL;
    float *scores = floats((int64_t)c->block * c->lanes);
    for (int start = 0; start < c->keys; start += c->block) {
        ak_block b = shared;
        b.vectors = c->vectors;
        b.keys = c->keys - start < c->block ? c->keys - start : c->block;
        b.d = c->d;
        b.dv = c->dv;
        b.k = c->k + start * c->k_row;
        b.k_row = c->k_row;
        b.v = c->v + start * c->v_row;
        b.v_row = c->v_row;
        b.q_panel = c->q;
        b.key_scale = c->key_scaled ? c->key_scale + start : NULL;
        b.softcap = c->softcap;
        b.slope = c->slope;
        b.distance = c->distance - (float)start;
        for (int lane = 0; lane < c->lanes && c->intervals; lane++) {
            first[lane] = c->first[lane] < start ? 0 : c->first[lane] - start;
            last[lane] = c->last[lane] < start ? 0 : c->last[lane] - start;
        }
        b.first = first;
        b.last = last;
        b.bias = c->biased ? c->bias + start * c->lanes : NULL;
        b.scores = scores + (int64_t)(c->block - b.keys) * c->lanes;  // they end where the guard starts
        body(&b, start, context);
    }
}

static void attend_step(const ak_block *b, int start, void *context) {
    (void)start;
    ((const Case *)context)->kernels->attend_block(b);
}

void attend(const Case *c, Result *r) {
    Case copy = *c;
    float *o = floats((int64_t)c->dv * c->lanes), *maximum = floats(c->lanes), *total = floats(c->lanes);
    float *inverse = floats(c->lanes), *log_sum_exp = floats(c->lanes);
    for (int i = 0; i < c->dv * c->lanes; i++) o[i] = 0;
    for (int lane = 0; lane < c->lanes; lane++) {
        maximum[lane] = -1e30f;
        total[lane] = 0;
    }
    for_each_block(c, (ak_block){.o_panel = o, .maximum = maximum, .total = total}, attend_step, &copy);
    bool whole = true;  // so that moving it rescales by an exact power of two
    for (int lane = 0; lane < c->lanes; lane++) whole = whole && maximum[lane] == floorf(maximum[lane]);
    expect(whole, "a reference exponent is not a whole number");
    c->kernels->finish_panel(maximum, total, c->lanes, inverse, log_sum_exp);
    for (int lane = 0; lane < c->lanes; lane++) {
        r->log_sum_exp[lane] = log_sum_exp[lane];
        for (int i = 0; i < c->dv; i++) r->output[i][lane] = o[i * c->lanes + lane] * inverse[lane];
    }
}

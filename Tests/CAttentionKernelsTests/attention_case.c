#include "attention_case.h"

#include <float.h>
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
    c->first_key = random_below(1000);
    c->slopes = floats(c->lanes);
    c->positions = integers(c->lanes);
    for (int lane = 0; lane < c->lanes; lane++) {
        c->slopes[lane] = c->slope * (float)(1 + lane % 2);
        c->positions[lane] = c->first_key + random_below(40) - 20;
    }
    if (c->sunk) {
        c->sinks = random_floats(c->lanes);
        for (int lane = 0; lane < c->lanes; lane++) c->sinks[lane] = lane % 5 == 2 ? -INFINITY : 9 * c->sinks[lane];
    }
    if (c->bits) {
        c->visible = words(c->keys);
        for (int key = 0; key < c->keys; key++) {
            for (int lane = 0; lane < c->lanes; lane++) c->visible[key] |= (uint64_t)(random_below(3) > 0) << lane;
        }
    }
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
    if (c->bits && !(c->visible[key] >> lane & 1)) return false;
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
    const double fall = c->slopes[lane] * fabs((double)c->positions[lane] - c->first_key - key);
    const double bias = c->biased ? c->bias[key * c->lanes + lane] : 0;
    *score = is_visible(c, key, lane) ? s - fall + bias : -INFINITY;
    *magnitude = m + fabs(fall) + (bias == -INFINITY ? 0 : fabs(bias));
}

void answer(const Case *c, Answer *a) {
    for (int lane = 0; lane < c->lanes; lane++) {
        const double sink = c->sunk ? c->sinks[lane] : -INFINITY;
        double largest = sink, total = 0;
        a->largest_magnitude[lane] = 0;
        for (int key = 0; key < c->keys; key++) {
            answer_score(c, key, lane, &a->score[key][lane], &a->magnitude[key][lane]);
            largest = fmax(largest, a->score[key][lane]);
            a->largest_magnitude[lane] = fmax(a->largest_magnitude[lane], a->magnitude[key][lane]);
        }
        for (int i = 0; i < c->dv; i++) a->output[i][lane] = 0;
        a->log_sum_exp[lane] = -INFINITY;
        if (largest == -INFINITY) continue;
        total = exp2(sink - largest);
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
        b.slope = c->slope != 0 ? c->slopes : NULL;
        b.position = c->positions;
        b.first_key = c->first_key + start;
        for (int lane = 0; lane < c->lanes && c->intervals; lane++) {
            first[lane] = c->first[lane] < start ? 0 : c->first[lane] - start;
            last[lane] = c->last[lane] < start ? 0 : c->last[lane] - start;
        }
        b.first = first;
        b.last = last;
        b.visible = c->bits ? c->visible + start : NULL;
        b.bias = c->biased ? c->bias + start * c->lanes : NULL;
        b.scores = scores + (int64_t)(c->block - b.keys) * c->lanes;  // they end where the guard starts
        body(&b, start, context);
    }
}

typedef struct {
    const Case *c;
    ak_sums all, own;  // over the segments that are done, and over this one
} Running;

static ak_sums new_sums(const Case *c) {
    return (ak_sums){.o_panel = floats((int64_t)c->dv * c->lanes), .maximum = floats(c->lanes), .total = floats(c->lanes)};
}

static void clear(const Case *c, ak_sums *sums) {
    for (int i = 0; i < c->dv * c->lanes; i++) sums->o_panel[i] = 0;
    for (int lane = 0; lane < c->lanes; lane++) {
        sums->maximum[lane] = -FLT_MAX;
        sums->total[lane] = 0;
    }
}

static void attend_step(const ak_block *b, int start, void *context) {
    Running *r = context;
    r->c->kernels->attend_block(b);
    const int end = start + b->keys;
    if (end < r->c->keys && (r->c->segment == 0 || end / r->c->block % r->c->segment != 0)) return;
    r->c->kernels->merge_panel(&r->all, &r->own, r->c->vectors, r->c->dv);
    clear(r->c, &r->own);
}

void attend(const Case *c, Result *r) {
    Running running = {.c = c, .all = new_sums(c), .own = new_sums(c)};
    float *inverse = floats(c->lanes), *log_sum_exp = floats(c->lanes), *maximum = running.all.maximum;
    clear(c, &running.all);
    clear(c, &running.own);
    const ak_block shared = {
        .o_panel = running.own.o_panel, .maximum = running.own.maximum, .total = running.own.total};
    for_each_block(c, shared, attend_step, &running);
    bool whole = true;  // so that moving it rescales by an exact power of two
    for (int lane = 0; lane < c->lanes; lane++) whole = whole && maximum[lane] == floorf(maximum[lane]);
    expect(whole, "a reference exponent is not a whole number");
    c->kernels->finish_panel(maximum, running.all.total, c->sinks, c->lanes, inverse, log_sum_exp);
    for (int lane = 0; lane < c->lanes; lane++) {
        r->log_sum_exp[lane] = log_sum_exp[lane];
        for (int i = 0; i < c->dv; i++) r->output[i][lane] = running.all.o_panel[i * c->lanes + lane] * inverse[lane];
    }
}

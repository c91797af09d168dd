// The backward pass's kernels against their definitions.
#include "attention_case.h"

#include <math.h>
#include <stdlib.h>

static Answer expected;

// What the blocks of a case share.
typedef struct {
    Case c;
    int rows;
    bool is_guarded;
    float *g, *delta, *log_sum_exp, *q_gradient, *slope_gradient;
    float *bias_rows[MOST_LANES];
    ak_dropout dropout;
    double q_expected[MOST_WIDTH][MOST_LANES], bias_expected[MOST_LANES][MOST_KEYS], slope_expected[MOST_LANES];
    double scale;  // of all gradients, for their errors
} Work;

static Work work_case;

static uint32_t mix(uint32_t x) {  // vec_random.h
    x = (x ^ (x >> 16)) * 0x21f0aaadu;
    x = (x ^ (x >> 15)) * 0x735a2d97u;
    return x ^ (x >> 15);
}

static double kept(const Work *w, int key, int lane) {
    if (w->dropout.threshold == 0) return 1;
    const ak_dropout *d = &w->dropout;
    const uint32_t low = mix((uint32_t)d->place[lane] ^ (uint32_t)d->key);
    const uint32_t high = mix((uint32_t)(w->c.first_key + key) ^ (uint32_t)(d->key >> 32));
    return mix(low ^ high) < d->threshold ? 0 : d->scale;
}

// The gradient of a dot product, and what it adds to the others' expectations.
static double answer_gradient(Work *w, int key, int lane, double *weight) {
    const Case *c = &w->c;
    double product = 0, dot = 0;
    for (int i = 0; i < c->dv; i++) product += (double)c->v[key * c->v_row + i] * w->g[i * c->lanes + lane];
    for (int i = 0; i < c->d; i++) dot += (double)c->q[i * c->lanes + lane] * c->k[key * c->k_row + i];
    const double scale = c->key_scaled ? c->key_scale[key] : 1, keep = kept(w, key, lane);
    const double p = exp2(expected.score[key][lane] - w->log_sum_exp[lane]);
    double gradient = p == 0 ? 0 : p * (product * keep - w->delta[lane]);
    *weight = p * keep;
    w->bias_expected[lane][key] += gradient;
    w->slope_expected[lane] -= gradient * abs(c->positions[lane] - (c->first_key + key));
    if (c->softcap > 0) gradient *= 1 - pow(tanh(dot * scale), 2);
    gradient *= scale;
    for (int i = 0; i < c->d; i++) w->q_expected[i][lane] += gradient * c->k[key * c->k_row + i];
    return gradient;
}

static void expect_tile(const char *kind, const float *found, double want[MOST_KEYS][MOST_LANES], int keys, int lanes) {
    double largest = 0;
    for (int key = 0; key < keys; key++) {
        for (int lane = 0; lane < lanes; lane++) {
            const double error = fabs(found[key * lanes + lane] - want[key][lane]);
            if (!(error <= largest)) largest = error;
        }
    }
    expect_error(kind, largest / work_case.scale, 2e-7);
}

static double weights[MOST_KEYS][MOST_LANES], gradients[MOST_KEYS][MOST_LANES];

// out[key] += Σ tile[key][row] · rows[row], from a tile that is given twice and once beyond its keys.
static void expect_product(const Work *w, const float *tile, double want[MOST_KEYS][MOST_LANES], int keys) {
    const int width = (1 + random_below(5)) * w->c.kernels->lane_width, row = width + 3;
    float *rows = random_floats((w->rows - 1) * row + width), *out = random_floats((int64_t)keys * width);
    double *before = (double *)words((int64_t)keys * width);
    for (int i = 0; i < keys * width; i++) before[i] = out[i];
    const ak_key_tile own = {.tile = tile, .lanes = w->c.lanes, .count = w->rows, .first = 0, .last = keys, .rows = rows};
    ak_key_tile hidden = own;
    hidden.first = hidden.last = keys + 8;
    const ak_key_tile tiles[] = {own, hidden, own};
    const ak_key_product product = {.tiles = tiles, .tile_count = 3, .keys = keys, .width = width, .row = row,
                                    .out = out, .out_row = width, .is_guarded = w->is_guarded};
    w->c.kernels->backward.add_key_product(&product);
    double largest = 0;
    for (int key = 0; key < keys; key++) {
        for (int i = 0; i < width; i++) {
            double sum = before[key * width + i];
            for (int r = 0; r < w->rows; r++) sum += 2 * want[key][r] * rows[r * row + i];
            const double error = fabs(out[key * width + i] - sum);
            if (!(error <= largest)) largest = error;
        }
    }
    expect_error("add_key_product", largest / (w->scale * w->rows), 2e-7);
}

static void check_block(const ak_block *b, int start, void *context) {
    Work *w = context;
    const int lanes = w->c.lanes;
    float *own[MOST_LANES];
    for (int row = 0; row < w->rows; row++) own[row] = w->bias_rows[row] + start;
    w->dropout.first_key = w->c.first_key + start;
    ak_block forward = *b;
    forward.log_sum_exp = w->log_sum_exp;
    forward.dropout = w->dropout.threshold ? &w->dropout : NULL;
    const int64_t size = (int64_t)b->keys * lanes;
    ak_gradient_block block = {
        .forward = &forward, .g_panel = w->g, .delta = w->delta, .rows = w->rows, .is_guarded = w->is_guarded,
        .gradients = floats(size), .bends = floats(size), .kept = floats(size), .q_gradient = w->q_gradient,
        .bias_gradient = w->c.biased ? own : NULL, .slope_gradient = b->slope ? w->slope_gradient : NULL};
    for (int key = 0; key < b->keys; key++) {
        for (int lane = 0; lane < lanes; lane++) {
            gradients[key][lane] = answer_gradient(w, start + key, lane, &weights[key][lane]);
        }
    }
    w->c.kernels->backward.gradient_block(&block);
    expect_tile("gradient_block, weights", forward.scores, weights, b->keys, lanes);
    expect_tile("gradient_block, gradients", block.gradients, gradients, b->keys, lanes);
    expect_product(w, block.gradients, gradients, b->keys);
}

static void check_case(const ak_kernels *kernels, Case c, bool drops, bool is_guarded) {
    working_on(
        "%s gradients of %d vectors to %d keys by %d, widths %d and %d, intervals %d, bits %d, bias %d, key scale %d, "
        "softcap %g, slope %g, dropout %d, guarded %d",
        kernels->name, c.vectors, c.keys, c.block, c.d, c.dv, c.intervals, c.bits, c.biased, c.key_scaled, c.softcap,
        c.slope, drops, is_guarded);
    Work *w = &work_case;
    *w = (Work){.c = c, .is_guarded = is_guarded};
    make_case(kernels, &w->c);
    answer(&w->c, &expected);
    const int lanes = w->c.lanes;
    w->rows = 1 + random_below(lanes);
    w->g = random_floats((int64_t)c.dv * lanes);
    w->delta = random_floats(lanes);
    w->log_sum_exp = floats(lanes);
    w->q_gradient = random_floats((int64_t)c.d * lanes);
    w->slope_gradient = floats(lanes);
    int32_t *places = integers(lanes);
    for (int lane = 0; lane < lanes; lane++) {
        const bool sees = expected.log_sum_exp[lane] != -INFINITY;
        w->log_sum_exp[lane] = sees ? (float)(expected.log_sum_exp[lane] / log(2)) : 0;
        w->slope_gradient[lane] = 0;
        places[lane] = random_below(1000);
        for (int i = 0; i < c.d; i++) w->q_expected[i][lane] = w->q_gradient[i * lanes + lane];
        w->scale = fmax(w->scale, 1 + expected.largest_magnitude[lane]);
    }
    w->scale *= c.dv + 1;
    float *biases = floats((int64_t)w->rows * c.keys);
    for (int i = 0; i < w->rows * c.keys; i++) biases[i] = 0;
    for (int row = 0; row < w->rows; row++) w->bias_rows[row] = biases + row * c.keys;
    if (drops) w->dropout = (ak_dropout){.key = 0x123456789abcdef, .threshold = 1u << 30, .scale = 4.f / 3, .place = places};

    for_each_block(&w->c, (ak_block){0}, check_block, w);
    double query = 0, bias = 0, slope = 0;
    for (int lane = 0; lane < lanes; lane++) {
        for (int i = 0; i < c.d; i++) query = fmax(query, fabs(w->q_gradient[i * lanes + lane] - w->q_expected[i][lane]));
        slope = fmax(slope, fabs(w->slope_gradient[lane] - w->slope_expected[lane]));
        for (int key = 0; key < c.keys && lane < w->rows; key++) {
            bias = fmax(bias, fabs(w->bias_rows[lane][key] - w->bias_expected[lane][key]));
        }
    }
    expect_error("gradient_block, queries", query / w->scale, 2e-7);
    if (c.slope != 0) expect_error("gradient_block, slopes", slope / w->scale / 200, 2e-7);
    if (c.biased) expect_error("gradient_block, biases", bias / w->scale, 2e-7);
    release_memory();
}

#define PICK(list) list[random_below(COUNT(list))]

void check_attention_backward(const ak_kernels *kernels) {
    static const int keys[] = {1, 2, 3, 7, 8, 9, 17, 24}, blocks[] = {1, 3, 7, 16, 32}, widths[] = {1, 2, 5, 8, 11, 16, 33};
    for (int i = 0; i < 256; i++) {  // every combination of what changes a score
        const int vectors = 1 + i % kernels->max_vectors;
        check_case(
            kernels,
            (Case){
                .vectors = vectors, .keys = PICK(keys), .block = PICK(blocks), .d = PICK(widths), .dv = PICK(widths),
                .intervals = i & 1, .bits = i & 2, .biased = i & 4, .key_scaled = i & 8, .softcap = i & 16 ? 1.5f : 0,
                .slope = i & 32 ? 0.25f : 0},
            i & 64, i & 128);
    }
}

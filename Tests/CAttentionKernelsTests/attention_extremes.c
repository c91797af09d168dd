// Attention where numbers are huge or no numbers at all, and where lanes might disturb each other.
#include "attention_case.h"

#include <float.h>
#include <math.h>

static Answer expected;
static Result before, after;

static bool same_lane(const Case *c, const Result *a, int lane, const Result *b, int other) {
    bool same = same_bits(a->log_sum_exp[lane], b->log_sum_exp[other]);
    for (int i = 0; i < c->dv; i++) same = same && same_bits(a->output[i][lane], b->output[i][other]);
    return same;
}

static Case random_case(const ak_kernels *kernels, int trial) {
    Case c = {
        .vectors = 1 + trial % kernels->max_vectors, .keys = 2 + random_below(60), .block = 1 + random_below(40),
        .d = 1 + random_below(40), .dv = 1 + random_below(40), .intervals = trial & 1, .bits = trial % 3 == 0, .segment = trial % 4, .sunk = trial % 5 == 0,
        .biased = trial & 2,
        .key_scaled = trial & 4, .softcap = trial & 8 ? 2 : 0, .slope = trial & 16 ? 0.5f : 0};
    make_case(kernels, &c);
    return c;
}

// A lane's query, mask and bias alone in a panel of one vector, among other neighbours.
static Case lane_alone(const Case *c, int lane) {
    Case alone = *c;
    alone.vectors = 1;
    alone.lanes = c->kernels->lane_width;
    alone.slopes = random_floats(alone.lanes);
    alone.slopes[0] = c->slopes[lane];
    alone.positions = integers(alone.lanes);
    alone.positions[0] = c->positions[lane];
    if (c->sunk) {
        alone.sinks = random_floats(alone.lanes);
        alone.sinks[0] = c->sinks[lane];
    }
    if (c->bits) {
        alone.visible = words(alone.keys);
        for (int key = 0; key < c->keys; key++) {
            alone.visible[key] = (c->visible[key] >> lane & 1) | (uint64_t)random_below(1 << alone.lanes % 31) << 1;
        }
    }
    alone.q = random_floats((int64_t)c->d * alone.lanes);
    for (int i = 0; i < c->d; i++) alone.q[i * alone.lanes] = c->q[i * c->lanes + lane];
    if (c->intervals) {
        alone.first = integers(alone.lanes);
        alone.last = integers(alone.lanes);
        for (int i = 0; i < alone.lanes; i++) {
            alone.first[i] = i == 0 ? c->first[lane] : 0;
            alone.last[i] = i == 0 ? c->last[lane] : c->keys;
        }
    }
    if (c->biased) {
        alone.bias = random_floats((int64_t)c->keys * alone.lanes);
        for (int key = 0; key < c->keys; key++) alone.bias[key * alone.lanes] = c->bias[key * c->lanes + lane];
    }
    return alone;
}

static void check_neighbours(const ak_kernels *kernels, int trial) {
    working_on("%s attention of a lane alone, trial %d", kernels->name, trial);
    const Case c = random_case(kernels, trial);
    attend(&c, &before);
    const int lane = random_below(c.lanes);
    const Case alone = lane_alone(&c, lane);
    attend(&alone, &after);
    expect(same_lane(&c, &before, lane, &after, 0), "a lane's bits depend on its neighbours");
    release_memory();
}

// NaN in a key, in a whole value, or in one number of a value changes only the queries that see it.
static void check_nan(const ak_kernels *kernels, int trial, bool in_key, float poison) {
    working_on("%s attention with %g in a %s, trial %d", kernels->name, poison, in_key ? "key" : "value", trial);
    const Case c = random_case(kernels, trial);
    attend(&c, &before);
    const int key = random_below(c.keys), column = random_below(in_key ? c.d : c.dv);
    (in_key ? c.k + key * c.k_row : c.v + key * c.v_row)[column] = poison;
    if (in_key && c.intervals && c.biased) {
        for (int lane = 0; lane < c.lanes; lane++) {
            if (key < c.first[lane] || key >= c.last[lane]) c.bias[key * c.lanes + lane] = poison;
        }
    }
    attend(&c, &after);
    for (int lane = 0; lane < c.lanes; lane++) {
        if (!is_visible(&c, key, lane)) {
            expect(same_lane(&c, &before, lane, &after, lane), "lane %d sees what is masked", lane);
            continue;
        }
        bool right = true;
        for (int i = 0; i < c.dv; i++) {
            const float got = after.output[i][lane];
            const bool hit = in_key || i == column;
            right = right && (!hit ? same_bits(got, before.output[i][lane]) : isnan(poison) ? isnan(got) : got == poison);
        }
        expect(right, "lane %d does not see what is visible", lane);
    }
    release_memory();
}

static void check_nan_query(const ak_kernels *kernels, int trial) {
    working_on("%s attention with NaN in a query, trial %d", kernels->name, trial);
    const Case c = random_case(kernels, trial & ~3);
    attend(&c, &before);
    const int poisoned = random_below(c.lanes);
    c.q[random_below(c.d) * c.lanes + poisoned] = NAN;
    attend(&c, &after);
    for (int lane = 0; lane < c.lanes; lane++) {
        bool sees = !c.bits;
        for (int key = 0; key < c.keys && !sees; key++) sees = c.visible[key] >> lane & 1;
        if (lane != poisoned || !sees) {
            expect(same_lane(&c, &before, lane, &after, lane), "NaN reaches lane %d", lane);
            continue;
        }
        bool all = isnan(after.log_sum_exp[lane]);
        for (int i = 0; i < c.dv; i++) all = all && isnan(after.output[i][lane]);
        expect(all, "NaN is lost in lane %d", lane);
    }
    release_memory();
}

// Queries or values of width 0: weights are all alike, or there is nothing to sum.
static void check_empty(const ak_kernels *kernels) {
    for (int which = 0; which < 3; which++) {
        working_on("%s attention of empty rows, case %d", kernels->name, which);
        Case c = {.vectors = 1, .keys = 5, .block = 3, .d = which == 0 ? 2 : 0, .dv = which == 1 ? 2 : 0};
        make_case(kernels, &c);
        answer(&c, &expected);
        attend(&c, &after);
        for (int lane = 0; lane < c.lanes; lane++) {
            expect(fabs(after.log_sum_exp[lane] - expected.log_sum_exp[lane]) < 2e-6, "another log-sum-exp");
            for (int i = 0; i < c.dv; i++) {
                expect(fabs(after.output[i][lane] - expected.output[i][lane]) < 1e-6, "not the values' mean");
            }
        }
        release_memory();
    }
}

enum { RANDOM, RISING, FALLING, ORDERS };

// Whole numbers times a power of two: every product and sum is exact, whatever its size.
static void check_huge(const ak_kernels *kernels, int vectors, int order, int exponent, float softcap) {
    working_on("%s attention to scores of 2^%d, order %d, softcap %g", kernels->name, exponent, order, softcap);
    Case c = {.vectors = vectors, .keys = 50, .block = 9, .d = 4, .dv = 7, .softcap = softcap};
    make_case(kernels, &c);
    for (int i = 0; i < c.d * c.lanes; i++) c.q[i] = (float)(random_below(19) - 9) * exp2f((float)exponent);
    for (int key = 0; key < c.keys; key++) {
        const int whole = order == RISING ? key - 25 : 25 - key;
        for (int i = 0; i < c.d; i++) {
            c.k[key * c.k_row + i] = (float)(order == RANDOM ? random_below(19) - 9 : i == 0 ? whole : 0);
        }
    }
    answer(&c, &expected);
    attend(&c, &after);
    double output = 0, log_sum_exp = 0;
    for (int lane = 0; lane < c.lanes; lane++) {
        const double want = expected.log_sum_exp[lane];
        const double error = fabs(after.log_sum_exp[lane] - want) / (1 + fabs(want));
        if (!(error <= log_sum_exp)) log_sum_exp = error;
        for (int i = 0; i < c.dv; i++) {
            const double difference = fabs(after.output[i][lane] - expected.output[i][lane]);
            if (!(difference <= output)) output = difference;
        }
    }
    // Capped scores are rounded: they are as large as the cap.
    expect_error("attend_block, huge scores", output / (1 + softcap), 1e-6);
    expect_error("log_sum_exp, huge scores", log_sum_exp, 1e-6);
    release_memory();
}

// Many models mask by the lowest finite number.
static void check_lowest_bias(const ak_kernels *kernels, int trial) {
    working_on("%s attention with a bias of the lowest number, trial %d", kernels->name, trial);
    const Case c = random_case(kernels, trial | 2);
    bool blind[MOST_LANES];
    for (int lane = 0; lane < c.lanes; lane++) {
        blind[lane] = true;
        for (int key = 0; key < c.keys; key++) blind[lane] = blind[lane] && !is_visible(&c, key, lane);
    }
    attend(&c, &before);
    for (int i = 0; i < c.keys * c.lanes; i++) {
        if (c.bias[i] == -INFINITY && random_below(2) == 0) c.bias[i] = -FLT_MAX;
    }
    attend(&c, &after);
    for (int lane = 0; lane < c.lanes; lane++) {
        if (blind[lane]) continue;
        expect(same_lane(&c, &before, lane, &after, lane), "lane %d is not as with −∞", lane);
    }
    release_memory();
}

static void expect_exponential(const ak_block *b, int start, void *context) {
    const Case *c = context;
    (void)start;
    c->kernels->weights_block(b);
    double largest = 0;
    for (int key = 0; key < b->keys; key++) {
        const double want = exp2(b->k[key * b->k_row]);
        const double error = fabs(b->scores[key * c->lanes] - want) / want;
        if (!(error <= largest)) largest = error;
    }
    expect_error("2ˣ", largest, 2e-7);
}

// Scores that are exact leave only the exponential's own error.
static void check_exponential(const ak_kernels *kernels) {
    working_on("%s the exponential of the weights", kernels->name);
    Case c = {.vectors = 1, .keys = 20000, .block = 20000, .d = 1, .dv = 1};
    make_case(kernels, &c);
    float *log_sum_exp = floats(c.lanes);
    for (int lane = 0; lane < c.lanes; lane++) {
        c.q[lane] = 1;
        log_sum_exp[lane] = 0;
    }
    for (int key = 0; key < c.keys; key++) c.k[key * c.k_row] = 8 - 134.f * (float)key / 20000;
    for_each_block(&c, (ak_block){.log_sum_exp = log_sum_exp}, expect_exponential, &c);
    release_memory();
}

void check_attention_extremes(const ak_kernels *kernels) {
    static const int exponents[] = {0, 7, 12, 40, 80};
    for (int trial = 0; trial < 96; trial++) {
        check_neighbours(kernels, trial);
        check_nan(kernels, trial, true, NAN);
        check_nan(kernels, trial, false, NAN);
        check_nan(kernels, trial, false, INFINITY);
        check_nan_query(kernels, trial);
        check_lowest_bias(kernels, trial);
    }
    check_exponential(kernels);
    check_empty(kernels);
    for (int vectors = 1; vectors <= kernels->max_vectors; vectors++) {
        for (int order = 0; order < ORDERS; order++) {
            for (int e = 0; e < COUNT(exponents); e++) {
                check_huge(kernels, vectors, order, exponents[e], 0);
                check_huge(kernels, vectors, order, exponents[e], 30);
            }
        }
    }
}

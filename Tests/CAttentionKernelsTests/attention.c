// Attention over ordinary numbers: scores, weights and outputs against their definitions.
#include "attention_case.h"

#include <math.h>

static Answer expected;
static Result found;

static void expect_weights(const ak_block *b, int start, void *context) {
    const Case *c = context;
    c->kernels->weights_block(b);
    double largest = 0;
    bool masked = true;
    for (int key = 0; key < b->keys; key++) {
        for (int lane = 0; lane < c->lanes; lane++) {
            const double score = expected.score[start + key][lane], got = b->scores[key * c->lanes + lane];
            masked = masked && (score != -INFINITY || got == 0);
            const double error = fabs(got - exp2(score - b->log_sum_exp[lane]));
            const double scale = 1 + expected.largest_magnitude[lane];
            if (!(error / scale <= largest)) largest = error / scale;
        }
    }
    expect_error("weights_block", largest, 1e-6);
    expect(masked, "a masked weight is not 0");
}

static void expect_attention(const Case *c) {
    double output = 0, log_sum_exp = 0;
    bool blind = true;
    attend(c, &found);
    for (int lane = 0; lane < c->lanes; lane++) {
        const double scale = 1 + expected.largest_magnitude[lane];
        const bool sees = expected.log_sum_exp[lane] != -INFINITY;
        for (int i = 0; i < c->dv; i++) {
            const double error = fabs(found.output[i][lane] - expected.output[i][lane]) / scale;
            if (!(error <= output)) output = error;
            blind = blind && (sees || found.output[i][lane] == 0);
        }
        if (!sees) blind = blind && found.log_sum_exp[lane] == -INFINITY;
        const double error = sees ? fabs(found.log_sum_exp[lane] - expected.log_sum_exp[lane]) / scale : 0;
        if (!(error <= log_sum_exp)) log_sum_exp = error;
    }
    expect_error("attend_block", output, 1e-6);
    expect_error("log_sum_exp", log_sum_exp, 1e-6);
    expect(blind, "a lane that sees nothing does not end as 0 and −∞");
}

static void check_case(const ak_kernels *kernels, Case c) {
    working_on(
        "%s attention of %d vectors to %d keys by %d, widths %d and %d, intervals %d, bits %d, bias %d, key scale %d, "
        "softcap %g, slope %g, segment %d, sunk %d",
        kernels->name, c.vectors, c.keys, c.block, c.d, c.dv, c.intervals, c.bits, c.biased, c.key_scaled, c.softcap, c.slope,
        c.segment, c.sunk);
    make_case(kernels, &c);
    answer(&c, &expected);
    expect_attention(&c);
    float *log_sum_exp = floats(c.lanes);
    for (int lane = 0; lane < c.lanes; lane++) {
        const bool sees = expected.log_sum_exp[lane] != -INFINITY;
        log_sum_exp[lane] = sees ? (float)(expected.log_sum_exp[lane] / log(2)) : 0;
    }
    for_each_block(&c, (ak_block){.log_sum_exp = log_sum_exp}, expect_weights, &c);
    release_memory();
}

#define PICK(list) list[random_below(COUNT(list))]

void check_attention(const ak_kernels *kernels) {
    static const int keys[] = {1, 2, 3, 5, 6, 7, 8, 9, 13, 24, 33, 64, 100, 129}, blocks[] = {1, 3, 7, 16, 32, 128};
    static const int widths[] = {1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 13, 16, 17, 31, 32, 33, 64, 72, 80};
    for (int i = 0; i < 32 * 12; i++) {  // 12 times every combination of what changes a score
        for (int vectors = 1; vectors <= kernels->max_vectors; vectors++) {
            check_case(kernels, (Case){
                .vectors = vectors, .segment = random_below(3), .sunk = i % 5 < 2, .keys = PICK(keys), .block = PICK(blocks), .d = PICK(widths), .dv = PICK(widths),
                .intervals = i & 1, .bits = i % 3 == 0, .biased = i & 2, .key_scaled = i & 4,
                .softcap = i & 8 ? 1.5f : 0, .slope = i & 16 ? 0.25f : 0});
        }
    }
}

// A decoder's step: rows of queries against keys and values in every storage, chunk by chunk.
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 256, MOST_ROWS = 9, MOST_WIDTH = 80 };

typedef struct {
    ak_cache_type type;
    int rows, keys, d, dv, run;  // `run`: the keys that lie side by side
    bool masked, biased, cosine;
    float softcap, slope;
} Case;

// Rows of `width` numbers written as `type`, and what they then are.
typedef struct {
    ak_cache_run run;
    float *exact;
} Rows;

static int padded(ak_cache_type type, int width) { return type == AK_ROWS ? width : (width + 15) / 16 * 16; }

static int row_bytes(ak_cache_type type, int width) {
    const int elements = padded(type, width);
    switch (type) {
    case AK_CACHE_F16:
    case AK_CACHE_BF16: return 2 * elements;
    case AK_CACHE_Q8: return elements + (elements + 31) / 32 * 4;
    default: return 4 * elements;
    }
}

static Rows make_rows(const ak_kernels *kernels, ak_cache_type type, int count, int width) {
    float *source = random_floats((int64_t)count * width);
    Rows rows = {.run = {.type = type, .count = count, .width = padded(type, width), .stride = row_bytes(type, width)},
                 .exact = source};
    if (type == AK_ROWS) {
        rows.run.data = source;
        return rows;
    }
    rows.run.data = floats((int64_t)count * rows.run.stride / 4 + 1);
    kernels->decode.write_rows(source, width, width, &rows.run);
    rows.exact = floats((int64_t)count * width);
    kernels->decode.read_rows(&rows.run, width, rows.exact, width);
    static const double bound[] = {0, 0, 0x1p-12, 0x1p-9, 0.5 / 127};
    double largest = 0;
    for (int i = 0; i < count * width; i++) largest = fmax(largest, fabs((double)rows.exact[i] - source[i]));
    expect(largest <= bound[type] * 1.0001, "type %d stores with an error of %g", type, largest);
    return rows;
}

static void part(const Rows *rows, int first, int count, ak_cache_run *run) {
    *run = rows->run;
    run->position = first;
    run->count = count;
    run->data = (char *)run->data + first * run->stride;
}

static double cosine_factor(const float *key, int d) {
    double squares = 0;
    for (int i = 0; i < d; i++) squares += (double)key[i] * key[i];
    return squares == 0 ? 0 : 1 / sqrt(squares);
}

static void check_case(const ak_kernels *kernels, Case c) {
    working_on("%s decode, type %d, %d rows, %d keys in runs of %d, widths %d and %d, masked %d, bias %d, cosine %d",
               kernels->name, c.type, c.rows, c.keys, c.run, c.d, c.dv, c.masked, c.biased, c.cosine);
    const ak_decode_kernels *decode = &kernels->decode;
    const Rows k = make_rows(kernels, c.type, c.keys, c.d), v = make_rows(kernels, c.type, c.keys, c.dv);
    const int query_row = (int)decode->row_size(k.run.width), sums_row = (int)decode->row_size(v.run.width);
    float *query = random_floats(c.rows * c.d), *packed = floats(c.rows * query_row);
    for (int r = 0; r < c.rows; r++) {
        decode->pack_query(query + r * c.d, c.d, 2, c.type, packed + r * query_row);
    }
    float *scores = floats(c.rows * CHUNK), *norms = floats(CHUNK), *bias = random_floats(c.rows * c.keys);
    float *sums = floats(c.rows * sums_row), *guarded = floats(c.rows * sums_row);
    memset(sums, 0, sizeof(float) * c.rows * sums_row);
    memset(guarded, 0, sizeof(float) * c.rows * sums_row);
    ak_cache_run run;
    for (int first = 0; first < c.keys; first += c.run) {
        part(&k, first, c.keys - first < c.run ? c.keys - first : c.run, &run);
        decode->scores(&run, packed, c.rows, scores, CHUNK);
        decode->inverse_norms(&run, norms);
    }
    ak_decode_row rows[MOST_ROWS];
    for (int r = 0; r < c.rows; r++) {
        for (int key = 0; key < c.keys; key += 7) bias[r * c.keys + key] = -INFINITY;
        rows[r] = (ak_decode_row){
            .scores = scores + r * CHUNK, .begin = 0, .end = c.keys, .first = c.masked ? random_below(c.keys) : 0,
            .last = c.keys, .key_scale = c.cosine ? norms : NULL, .bias = c.biased ? bias + r * c.keys : NULL,
            .softcap = c.softcap, .slope = c.slope, .distance = (float)(c.keys - 1)};
        decode->softmax(&rows[r]);
    }
    for (int first = 0; first < c.keys; first += c.run) {
        part(&v, first, c.keys - first < c.run ? c.keys - first : c.run, &run);
        decode->values(&run, scores, c.rows, CHUNK, sums);
        for (int r = 0; r < c.rows; r++) decode->guarded_values(&run, &rows[r], guarded + r * sums_row);
    }
    expect(!decode->has_nonfinite(&v.run), "finite values are called infinite");
    double output = 0, log_sum_exp = 0;
    bool alike = true;
    for (int r = 0; r < c.rows; r++) {
        for (int i = 0; i < c.dv; i++) alike = alike && same_bits(sums[r * sums_row + i], guarded[r * sums_row + i]);
        double weight[CHUNK], total = 0, most = -INFINITY, magnitude = 1;
        for (int key = 0; key < c.keys; key++) {
            double s = 0;
            for (int i = 0; i < c.d; i++) s += 2.0 * query[r * c.d + i] * k.exact[key * c.d + i];
            if (c.cosine) s *= cosine_factor(k.exact + key * c.d, c.d);
            if (c.softcap > 0) s = c.softcap * tanh(s);
            s -= c.slope * fabs((double)c.keys - 1 - key);
            if (c.biased) s += bias[r * c.keys + key] / log(2);
            if (key < rows[r].first || key >= rows[r].last) s = -INFINITY;
            if (s != -INFINITY) magnitude = fmax(magnitude, fabs(s));
            weight[key] = s;
            most = fmax(most, s);
        }
        for (int key = 0; key < c.keys; key++) total += weight[key] = most == -INFINITY ? 0 : exp2(weight[key] - most);
        float *out = floats(c.dv), found = NAN;
        float maximum[1] = {rows[r].maximum}, part_total[1] = {rows[r].total};
        decode->merge(sums + r * sums_row, sums_row, maximum, part_total, 1, -INFINITY, c.type, c.dv, out, &found);
        for (int i = 0; i < c.dv; i++) {
            double sum = 0;
            for (int key = 0; key < c.keys; key++) sum += weight[key] * v.exact[key * c.dv + i];
            output = fmax(output, fabs(out[i] - (total == 0 ? 0 : sum / total)) / magnitude);
        }
        const double want = total == 0 ? -INFINITY : log(2) * most + log(total);
        if (total == 0) expect(found == -INFINITY, "a row that sees nothing has a log-sum-exp of %g", found);
        else log_sum_exp = fmax(log_sum_exp, fabs(found - want) / magnitude);
    }
    expect_error("decode", output, 1e-6);
    expect_error("decode, log_sum_exp", log_sum_exp, 1e-6);
    expect(alike, "guarded sums have other bits");
    release_memory();
}

// A row's bits do not depend on the rows beside it.
static void check_rows_apart(const ak_kernels *kernels, ak_cache_type type) {
    enum { ROWS = 7, KEYS = 45, WIDTH = 40 };
    working_on("%s decode rows apart, type %d", kernels->name, type);
    const Rows k = make_rows(kernels, type, KEYS, WIDTH);
    const int row = (int)kernels->decode.row_size(k.run.width);
    float *query = random_floats(WIDTH), *packed = floats(ROWS * row), *scores = floats(ROWS * CHUNK);
    float *sums = floats(ROWS * row);
    memset(sums, 0, sizeof(float) * ROWS * row);
    for (int r = 0; r < ROWS; r++) kernels->decode.pack_query(query, WIDTH, 1, type, packed + r * row);
    kernels->decode.scores(&k.run, packed, ROWS, scores, CHUNK);
    kernels->decode.values(&k.run, scores, ROWS, CHUNK, sums);
    bool same = true;
    for (int r = 1; r < ROWS; r++) {
        for (int i = 0; i < KEYS; i++) same = same && same_bits(scores[i], scores[r * CHUNK + i]);
        for (int i = 0; i < WIDTH; i++) same = same && same_bits(sums[i], sums[r * row + i]);
    }
    expect(same, "equal rows have other bits");
    release_memory();
}

static void check_special_numbers(const ak_kernels *kernels) {
    working_on("%s special numbers in a cache", kernels->name);
    enum { COUNT_ = 16 };
    static const float given[COUNT_] = {0, -0.f, 1, 65504, 65519, 65520, 1e30f, -3.4e38f, 0x1p-24f, 0x1p-25f, 0x1.8p-25f,
                                        0x1.004p0f, 0x1.00cp0f, 0x1p-14f, 0x1.01p0f, 0x1.03p0f};
    static const float half[COUNT_] = {0, -0.f, 1, 65504, 65504, 65504, 65504, -65504, 0x1p-24f, 0, 0x1p-24f,
                                       0x1.004p0f, 0x1.00cp0f, 0x1p-14f, 0x1.01p0f, 0x1.03p0f};
    uint16_t bits[16];
    float out[16];
    ak_cache_run run = {.type = AK_CACHE_F16, .count = 1, .width = 16, .data = bits, .stride = 32};
    kernels->decode.write_rows(given, 16, 16, &run);
    kernels->decode.read_rows(&run, 16, out, 16);
    for (int i = 0; i < 16; i++) expect(same_bits(out[i], half[i]), "float16 of %a is %a", given[i], out[i]);
    // All halves come back as what they are.
    for (int h = 0; h < 65536; h += 16) {
        for (int i = 0; i < 16; i++) bits[i] = (uint16_t)(h + i);
        kernels->decode.read_rows(&run, 16, out, 16);
        uint16_t again[16];
        ak_cache_run second = run;
        second.data = again;
        kernels->decode.write_rows(out, 16, 16, &second);
        for (int i = 0; i < 16; i++) {
            const int exponent = bits[i] >> 10 & 31, fraction = bits[i] & 1023;
            const double want = (bits[i] & 0x8000 ? -1 : 1) *
                (exponent == 0 ? ldexp(fraction, -24) : ldexp(1024 + fraction, exponent - 25));
            if (exponent < 31) expect(out[i] == want && again[i] == bits[i], "half %04x is %a and %04x", bits[i], out[i], again[i]);
            else expect(fraction ? isnan(out[i]) : isinf(out[i]) && again[i] == bits[i], "half %04x is %a", bits[i], out[i]);
        }
    }
    run.type = AK_CACHE_BF16;
    kernels->decode.write_rows((const float[16]){0x1.01p0f, 0x1.03p0f, 0x1.fffffep127f, INFINITY, NAN, -0.f}, 16, 16, &run);
    kernels->decode.read_rows(&run, 16, out, 16);
    expect(out[0] == 1 && out[1] == 0x1.04p0f && out[2] == 0x1.fep127f && out[3] == INFINITY && isnan(out[4]) &&
               same_bits(out[5], -0.f), "bfloat16 gives %a %a %a %a %a %a", out[0], out[1], out[2], out[3], out[4], out[5]);
    // In 8 bits what is not finite spoils its block, and is not lost.
    float row[64] = {[3] = INFINITY, [40] = 2, [41] = -1};
    _Alignas(4) char stored[72];
    float read[64];
    run = (ak_cache_run){.type = AK_CACHE_Q8, .count = 1, .width = 64, .data = stored, .stride = 72};
    kernels->decode.write_rows(row, 64, 64, &run);
    kernels->decode.read_rows(&run, 64, read, 64);
    expect(isnan(read[3]) && read[40] == 2 && fabsf(read[41] + 1) < 0.01f, "8 bits give %g %g %g", read[3], read[40], read[41]);
    expect(kernels->decode.has_nonfinite(&run), "a block that is not finite is called finite");
}

#define PICK(list) list[random_below(COUNT(list))]

void check_decode(const ak_kernels *kernels) {
    static const int rows[] = {1, 2, 3, 4, 5, 7, 9}, keys[] = {1, 2, 7, 16, 33, 100, 256}, runs[] = {32, 64, 256};
    static const int widths[] = {1, 3, 8, 15, 16, 17, 31, 32, 40, 64, 77, 80};
    for (int i = 0; i < 32 * 20; i++) {
        check_case(kernels, (Case){.type = (ak_cache_type)(i % 5), .rows = PICK(rows), .keys = PICK(keys), .d = PICK(widths),
                                   .dv = PICK(widths), .run = PICK(runs), .masked = i & 1, .biased = i & 2,
                                   .cosine = i & 4, .softcap = i & 8 ? 1.5f : 0, .slope = i & 16 ? 0.25f : 0});
    }
    for (int type = AK_ROWS; type <= AK_CACHE_Q8; type++) check_rows_apart(kernels, (ak_cache_type)type);
    check_special_numbers(kernels);
}

// Softmax, cross-entropy, rotary positions, dropout, sums of rows, rows of length 1.
#include "check.h"

#include <math.h>
#include <string.h>

static void check_softmax(const ak_kernels *kernels, int rows, int width, double spread, bool logarithm) {
    working_on("%s softmax, %d rows of %d up to %g, logarithm %d", kernels->name, rows, width, spread, logarithm);
    const int64_t count = (int64_t)rows * width;
    float *x = random_floats(count), *y = floats(count), *g = random_floats(count), *dx = floats(count);
    for (int64_t i = 0; i < count; i++) x[i] *= (float)spread;
    for (int i = 0; i < width; i++) x[i] = -INFINITY;  // the first row has nothing
    kernels->operations.softmax(x, rows, width, logarithm, y);
    for (int i = 0; i < width; i++) expect(y[i] == (logarithm ? -INFINITY : 0), "an empty row has %g", y[i]);
    for (int i = 0; i < width; i++) y[i] = 0;
    kernels->operations.softmax_backward(y, g, rows, width, logarithm, dx);
    for (int r = 1; r < rows; r++) {
        const float *row = x + r * width;
        double maximum = -INFINITY, total = 0, along = 0, size = 0;
        for (int i = 0; i < width; i++) maximum = fmax(maximum, row[i]);
        for (int i = 0; i < width; i++) total += exp(row[i] - maximum);
        for (int i = 0; i < width; i++) {
            const double p = exp(row[i] - maximum) / total;
            const double exact = logarithm ? row[i] - maximum - log(total) : p;
            expect_error(logarithm ? "logarithm of softmax" : "softmax",
                         fabs(y[r * width + i] - exact) / fmax(1, -exact), 3e-7);
            along += (logarithm ? 1 : p) * g[r * width + i];
            size += fabs((logarithm ? 1 : p) * g[r * width + i]);
        }
        for (int i = 0; i < width; i++) {
            const double p = exp(row[i] - maximum) / total, gi = g[r * width + i];
            const double exact = logarithm ? gi - p * along : p * (gi - along);
            expect_error("softmax_backward", fabs(dx[r * width + i] - exact) / (1 + size) / (1 + spread), 4e-7);
        }
    }
    memcpy(g, x, (size_t)count * sizeof *x);
    kernels->operations.softmax(g, rows, width, logarithm, g);
    for (int64_t i = width; i < count; i++) expect(same_bits(g[i], y[i]), "in place, element %d differs", (int)i);
    release_memory();
}

typedef struct { int rows, classes; bool weighted; double smoothing, centre, spread; } Loss;

static void check_cross_entropy(const ak_kernels *kernels, Loss c) {
    working_on("%s cross_entropy, %d rows of %d about %g, weights %d, smoothing %g", kernels->name, c.rows, c.classes,
               c.centre, c.weighted, c.smoothing);
    const int stride = c.classes + 3;
    float *z = random_floats((int64_t)(c.rows - 1) * stride + c.classes), *losses = floats(c.rows);
    for (int r = 0; r < c.rows; r++) {
        for (int i = 0; i < c.classes; i++) z[r * stride + i] = (float)(c.centre + c.spread * z[r * stride + i]);
    }
    float *weights = c.weighted ? random_floats(c.classes) : NULL, *gradients = random_floats(c.rows);
    double weight_sum = c.weighted ? 0 : c.classes;
    for (int i = 0; c.weighted && i < c.classes; i++) weight_sum += weights[i] = fabsf(weights[i]);
    float *maximum = floats(c.rows), *log_total = floats(c.rows);
    float *dz = floats((int64_t)c.rows * c.classes);
    int64_t targets[16];
    for (int r = 0; r < c.rows; r++) targets[r] = r == 1 ? -1 : random_below(c.classes);
    ak_cross_entropy loss = {z, stride, c.rows, c.classes, targets, weights, (float)weight_sum, (float)c.smoothing,
                             maximum, log_total};
    kernels->operations.cross_entropy(&loss, losses);
    kernels->operations.cross_entropy_backward(&loss, gradients, dz, c.classes);
    for (int r = 0; r < c.rows; r++) {
        const int64_t t = targets[r];
        double most = -INFINITY, total = 0, exact = 0;
        for (int i = 0; i < c.classes; i++) most = fmax(most, z[r * stride + i]);
        for (int i = 0; i < c.classes; i++) total += exp(z[r * stride + i] - most);
#define W(i) (weights ? (double)weights[i] : 1.0)
#define SURPRISE(i) (most - z[r * stride + (i)] + log(total))
        const double eps = loss.smoothing, share = eps / c.classes;
        for (int i = 0; i < c.classes; i++) exact += share * W(i) * SURPRISE(i);
        if (t >= 0) exact += (1 - eps) * W(t) * SURPRISE(t);
        expect_error("cross_entropy", fabs(losses[r] - (t < 0 ? 0 : exact)) / (1 + c.spread), 1e-6);
        for (int i = 0; i < c.classes; i++) {
            const double scale = t < 0 ? 0 : (1 - eps) * W(t) + share * weight_sum;
            double want = t < 0 ? 0 : scale * exp(-SURPRISE(i)) - share * W(i) - (i == t ? (1 - eps) * W(t) : 0);
            want *= gradients[r];
            expect_error("cross_entropy_backward", fabs(dz[r * c.classes + i] - want) / (1 + c.spread), 4e-7);
        }
    }
    kernels->operations.cross_entropy_backward(&loss, gradients, z, stride);
    for (int r = 0; r < c.rows; r++) {
        for (int i = 0; i < c.classes; i++) {
            expect(same_bits(z[r * stride + i], dz[r * c.classes + i]), "in place, row %d differs", r);
        }
    }
    release_memory();
}

static void check_rotation(const ak_kernels *kernels, int positions, int heads, int width, int pairs, bool interleaved) {
    working_on("%s rotate, %d positions, %d heads of %d, %d pairs, interleaved %d", kernels->name, positions, heads,
               width, pairs, interleaved);
    const int head = width + 2, position = heads * head;
    const int64_t count = (int64_t)(positions - 1) * position + (heads - 1) * head + width;
    float *x = random_floats(count), *out = floats((int64_t)positions * heads * width), *back = floats(count);
    float *cosines = random_floats((int64_t)positions * pairs), *sines = random_floats((int64_t)positions * pairs);
    for (int i = 0; i < positions * pairs; i++) {
        const double angle = 3 * cosines[i];
        cosines[i] = (float)cos(angle), sines[i] = (float)sin(angle);
    }
    // Out of place to [head][position], back, and in place.
    ak_rotation rotation = {x, out, position, head, width, (ptrdiff_t)positions * width, positions, heads, width,
                            pairs, cosines, sines, pairs, interleaved, 1};
    kernels->operations.rotate(&rotation);
    ak_rotation inverse = rotation;
    inverse.x = out, inverse.x_position = width, inverse.x_head = (ptrdiff_t)positions * width;
    inverse.out = back, inverse.out_position = position, inverse.out_head = head, inverse.direction = -1;
    kernels->operations.rotate(&inverse);
    for (int n = 0; n < positions; n++) {
        for (int h = 0; h < heads; h++) {
            const float *row = x + n * position + h * head, *got = out + ((int64_t)h * positions + n) * width;
            for (int i = 0; i < width; i++) {
                double exact = row[i];
                if (i < 2 * pairs) {
                    const int pair = interleaved ? i / 2 : i % pairs;
                    const bool is_second = interleaved ? i % 2 : i >= pairs;
                    const int other = interleaved ? i ^ 1 : is_second ? i - pairs : i + pairs;
                    const double c = cosines[n * pairs + pair], s = sines[n * pairs + pair];
                    exact = row[i] * c + (is_second ? 1 : -1) * row[other] * s;
                }
                expect_error("rotate", fabs(got[i] - exact), 2e-7);
                expect_error("rotate and back", fabs(back[n * position + h * head + i] - row[i]), 5e-7);
            }
        }
    }
    rotation.out = x, rotation.out_position = position, rotation.out_head = head;
    kernels->operations.rotate(&rotation);
    for (int n = 0; n < positions; n++) {
        for (int h = 0; h < heads; h++) {
            const float *row = x + n * position + h * head, *got = out + ((int64_t)h * positions + n) * width;
            expect(memcmp(row, got, (size_t)width * sizeof *row) == 0, "in place differs");
        }
    }
    release_memory();
}

// The definition, in words of one number.
static uint32_t mixed(uint32_t x) {
    x = (x ^ x >> 16) * 0x21f0aaadu;
    x = (x ^ x >> 15) * 0x735a2d97u;
    return x ^ x >> 15;
}

static uint32_t random_at(uint64_t key, uint64_t place) {
    return mixed(mixed((uint32_t)place ^ (uint32_t)key) ^ mixed((uint32_t)(place >> 32) ^ (uint32_t)(key >> 32)));
}

static void check_dropout(const ak_kernels *kernels, int count, uint64_t first) {
    working_on("%s dropout of %d from %llu", kernels->name, count, (unsigned long long)first);
    const uint64_t key = 0x0123456789abcdefu;
    const uint32_t threshold = 0x40000000u;
    float *x = random_floats(count), *out = floats(count);
    uint32_t *words = (uint32_t *)integers(count);
    kernels->operations.random_words(key, first, count, words);
    kernels->operations.dropout(x, count, key, first, threshold, 4 / 3.f, out);
    for (int i = 0; i < count; i++) {
        const uint32_t word = random_at(key, first + (uint64_t)i);
        expect(words[i] == word, "word %d is %x, not %x", i, words[i], word);
        expect(same_bits(out[i], word >= threshold ? x[i] * (4 / 3.f) : 0), "element %d", i);
    }
    release_memory();
}

static void check_sums(const ak_kernels *kernels, int count, int width) {
    working_on("%s sum_rows, %d of %d", kernels->name, count, width);
    const int stride = width + 1, rows = 9;
    float *x = random_floats((int64_t)(rows - 1) * stride + width), *out = floats(width);
    int64_t indices[32];
    for (int i = 0; i < count; i++) indices[i] = random_below(rows);
    for (int which = 0; which < 2; which++) {
        if (which == 0 && count > rows) continue;
        kernels->operations.sum_rows(x, stride, which ? indices : NULL, count, width, out);
        for (int i = 0; i < width; i++) {
            float sum = 0;  // the order is part of the promise
            for (int r = 0; r < count; r++) sum += x[(which ? indices[r] : r) * stride + i];
            expect(same_bits(out[i], sum), "column %d", i);
        }
    }
    release_memory();
}

static void check_normalize(const ak_kernels *kernels, int rows, int width) {
    working_on("%s normalize, %d rows of %d", kernels->name, rows, width);
    const int64_t count = (int64_t)rows * width;
    const float least = 1e-12f;
    float *x = random_floats(count), *y = floats(count), *inverse = floats(rows), *g = random_floats(count);
    float *dx = floats(count);
    for (int r = 0; r < rows; r++) {
        for (int i = 0; i < width; i++) x[r * width + i] *= r == 0 ? 1e-25f : r == 1 ? 1e30f : 1;
    }
    kernels->operations.normalize(x, rows, width, least, y, inverse);
    kernels->operations.normalize_backward(y, inverse, g, rows, width, least, dx);
    for (int r = 0; r < rows; r++) {
        double squares = 0, along = 0;
        for (int i = 0; i < width; i++) squares += (double)x[r * width + i] * x[r * width + i];
        const double length = fmax(sqrt(squares), least);
        for (int i = 0; i < width; i++) along += x[r * width + i] / length * g[r * width + i];
        for (int i = 0; i < width; i++) {
            const double exact = x[r * width + i] / length;
            expect_error("normalize", fabs(y[r * width + i] - exact), 1.2e-7);
            const double gradient = (g[r * width + i] - (r == 0 ? 0 : exact * along)) / length;
            expect_error("normalize_backward", fabs(dx[r * width + i] - gradient) * length / (1 + fabs(along)), 5e-7);
        }
    }
    release_memory();
}

void check_operations(const ak_kernels *kernels) {
    static const int widths[] = {1, 2, 3, 5, 8, 15, 16, 17, 24, 33, 64, 77, 199, 1023, 1024, 1025, 2500};
    for (int w = 0; w < COUNT(widths); w++) {
        for (int logarithm = 0; logarithm < 2; logarithm++) {
            check_softmax(kernels, 4, widths[w], 1, logarithm);
            check_softmax(kernels, 3, widths[w], 100, logarithm);
        }
        for (int weighted = 0; weighted < 2; weighted++) {
            check_cross_entropy(kernels, (Loss){5, widths[w], weighted, 0, 0, 3});
            check_cross_entropy(kernels, (Loss){5, widths[w], weighted, 0.1, 0, 3});
            check_cross_entropy(kernels, (Loss){3, widths[w], weighted, 0.3, 10000, 3});
        }
        check_normalize(kernels, 4, widths[w]);
        check_sums(kernels, 9, widths[w]);
        check_sums(kernels, 23, widths[w]);
        check_sums(kernels, 0, widths[w]);
    }
    for (int interleaved = 0; interleaved < 2; interleaved++) {
        for (int pairs = 0; pairs <= 40; pairs++) check_rotation(kernels, 3, 2, 2 * pairs + pairs % 3, pairs, interleaved);
        check_rotation(kernels, 5, 3, 128, 64, interleaved);
    }
    for (int count = 0; count <= 70; count += 7) check_dropout(kernels, count, 64 * (uint64_t)count);
    check_dropout(kernels, 300, 0xffffffffu - 63);
}

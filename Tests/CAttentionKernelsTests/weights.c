// Products with weights in 16-bit floats and in blocks of integers, against sums in double precision.
#include "check.h"

#include <math.h>
#include <string.h>

// MARK: 16-bit floats

static double value_of_half(uint16_t bits) {
    const double sign = bits >> 15 ? -1 : 1, fraction = (bits & 1023) / 1024.0;
    const int exponent = bits >> 10 & 31;
    if (exponent == 31) return fraction == 0 ? sign * INFINITY : NAN;
    return sign * (exponent == 0 ? ldexp(fraction, -14) : ldexp(1 + fraction, exponent - 15));
}

static double value_of(uint16_t bits, ak_half_format format) {
    if (format == AK_FLOAT16) return value_of_half(bits);
    const uint32_t wide = (uint32_t)bits << 16;
    float value;
    memcpy(&value, &wide, sizeof value);
    return value;
}

static void check_every_half(const ak_kernels *kernels, ak_half_format format) {
    working_on("%s from_half, format %d", kernels->name, format);
    static uint16_t in[65536 + 5];
    static float out[65536 + 5];
    for (int i = 0; i < COUNT(in); i++) in[i] = (uint16_t)i;
    kernels->weights.from_half(in, COUNT(in), format, out);
    bool right = true;
    for (int i = 0; i < COUNT(in); i++) {
        const double want = value_of(in[i], format);
        right = right && (isnan(want) ? isnan(out[i]) : out[i] == want && signbit(out[i]) == signbit((float)want));
    }
    expect(right, "a number is wrong");
}

static uint16_t *random_halves(int64_t count) {
    uint16_t *result = (uint16_t *)integers((count + 1) / 2);
    // Between 2⁻⁷ and 2⁷ in both formats.
    for (int64_t i = 0; i < count; i++) result[i] = (uint16_t)(random_below(2) << 15 | (0x3c00 + random_below(0x500) - 0x280));
    return result;
}

static void check_half(const ak_kernels *kernels, int m, int k, int n, ak_half_format format) {
    working_on("%s multiply_half %d × %d × %d, format %d", kernels->name, m, k, n, format);
    const int w_row = k + 1, x_row = k + 3, y_row = n + 2;
    const bool biased = n % 2 == 0;
    const ak_activation activation = n % 3 == 0 ? AK_RELU : AK_IDENTITY;
    ak_half_product p = {
        .x = random_floats((int64_t)(m - 1) * x_row + k), .x_row = x_row,
        .w = random_halves((int64_t)(n - 1) * w_row + k), .w_row = w_row,
        .y = floats((int64_t)(m - 1) * y_row + n), .y_row = y_row, .bias = biased ? random_floats(n) : NULL,
        .m = m, .k = k, .n = n, .format = format, .activation = activation};
    const int64_t scratch = kernels->weights.half_scratch(m, k);
    if (scratch > 0) p.scratch = floats(scratch);
    kernels->weights.multiply_half(&p);
    double largest = 0;
    for (int i = 0; i < m; i++) {
        for (int j = 0; j < n; j++) {
            double sum = biased ? p.bias[j] : 0, magnitude = fabs(sum);
            for (int x = 0; x < k; x++) {
                const double term = (double)p.x[i * x_row + x] * value_of(p.w[j * w_row + x], format);
                sum += term;
                magnitude += fabs(term);
            }
            const double want = reference_activation(activation, sum);
            const double error = fabs(p.y[i * y_row + j] - want) / magnitude;
            if (!(error <= largest)) largest = error;
        }
    }
    expect_error("multiply_half", largest, 1e-6);
    ak_half_product row = p;
    row.y = floats(n);
    row.m = 1;
    row.scratch = NULL;
    bool independent = true;
    for (int i = 0; i < m; i++) {
        row.x = p.x + i * x_row;
        kernels->weights.multiply_half(&row);
        for (int j = 0; j < n; j++) {
            independent = independent && same_bits(row.y[j], p.y[i * y_row + j]);
        }
    }
    expect(independent, "a row's bits depend on how many rows there are");
    release_memory();
}

// MARK: Blocks of integers

// A float16's bits, of a scale around 2⁻⁶.
static uint16_t random_scale(void) { return (uint16_t)(random_below(2) << 15 | (0x2400 + random_below(0x400))); }

static void check_quantized_rows(const float *x, int64_t blocks, const int8_t *q, const float *scale) {
    bool near = true;
    for (int64_t i = 0; i < blocks * 32; i++) {
        near = near && fabs(x[i] - (double)q[i] * scale[i / 32]) <= 0.5001 * scale[i / 32];
    }
    expect(near, "an activation is more than half a step off");
}

// Random blocks of a file; `extreme`: all bits of the integers set, where sums are largest.
static uint8_t *random_blocks(int64_t count, ak_block_format format, bool extreme) {
    const ak_block_layout layout = ak_layout_of(format);
    uint8_t *file = (uint8_t *)integers(count * layout.bytes / 4 + 1);
    for (int64_t i = 0; i < count * layout.bytes; i++) {
        file[i] = (uint8_t)(extreme ? (format == AK_Q8_0 ? 0x80 : 0xff) : random_below(256));
    }
    for (int64_t i = 0; i < count; i++) {
        const int at = format == AK_Q2_K ? 80 : format == AK_Q3_K ? 108 : format == AK_Q6_K ? 208 : 0;
        for (int half = 0; half <= layout.minima; half++) {
            const uint16_t scale = random_scale();
            memcpy(file + i * layout.bytes + at + 2 * half, &scale, 2);
        }
    }
    return file;
}

static void check_blocks(const ak_kernels *kernels, int m, int blocks, int n, ak_block_format format, bool extreme) {
    const ak_block_layout layout = ak_layout_of(format);
    blocks *= layout.length / 32;
    working_on("%s multiply blocks %d × %d·32 × %d, format %d", kernels->name, m, blocks, n, format);
    const int vw = kernels->lane_width, k = blocks * 32, files = k / layout.length;
    const int groups = (n + vw - 1) / vw, y_row = n + 2, bias = format == AK_Q8_0 ? kernels->blocks->eights_bias : 0;
    const uint8_t *file = random_blocks((int64_t)n * files, format, extreme);
    float *numbers = floats((int64_t)n * k), *again = floats((int64_t)n * k);
    ak_read_blocks(file, (int64_t)n * blocks, format, numbers);
    float *x = random_floats((int64_t)m * k);
    if (extreme) for (int i = 0; i < m * k; i++) x[i] = -1;
    int8_t *q = (int8_t *)integers((int64_t)m * k / 4);
    float *x_scale = floats(m * blocks);
    int32_t *x_sum = integers(m * blocks * layout.parts);
    kernels->blocks->quantize_rows(x, k, m, blocks, format, q, x_scale, x_sum);
    check_quantized_rows(x, m * blocks, q, x_scale);
    const int64_t group_bytes = (int64_t)blocks * layout.number_bytes * vw, scale_bytes = (int64_t)files * layout.scale_bytes * vw;
    uint8_t *w = (uint8_t *)integers(groups * group_bytes / 4), *w_scale = (uint8_t *)integers(groups * scale_bytes / 4 + 1);
    for (int g = 0; g < groups; g++) {
        const int outputs = n - g * vw < vw ? n - g * vw : vw;
        ak_pack_group(file + (int64_t)g * vw * files * layout.bytes, (ptrdiff_t)files * layout.bytes, outputs, blocks,
                      format, vw, bias, w + g * group_bytes, w_scale + g * scale_bytes);
        ak_read_group(w + g * group_bytes, w_scale + g * scale_bytes, outputs, blocks, format, vw, bias,
                      again + (int64_t)g * vw * k, k);
    }
    expect(memcmp(again, numbers, sizeof(float) * (size_t)n * k) == 0, "a group does not come back");
    const bool biased = n % 2 == 0;
    uint8_t *scratch = (uint8_t *)(((uintptr_t)integers(kernels->blocks->scratch_bytes(m, blocks) / 4 + 16) + 63) / 64 * 64);
    ak_block_product p = {
        .x = q, .x_scale = x_scale, .x_sum = x_sum, .w = w, .w_scale = w_scale,
        .y = floats((int64_t)(m - 1) * y_row + n), .y_row = y_row, .bias = biased ? random_floats(n) : NULL,
        .m = m, .blocks = blocks, .n = n, .format = format, .activation = n % 3 == 0 ? AK_RELU : AK_IDENTITY,
        .scratch = scratch};
    kernels->blocks->multiply(&p);
    double largest = 0;
    bool independent = true;
    ak_block_product one = p;
    one.m = 1;
    one.y = floats(n);
    one.scratch = NULL;
    for (int i = 0; i < m; i++) {
        one.x = q + (int64_t)i * k;
        one.x_scale = x_scale + i * blocks;
        one.x_sum = x_sum + i * blocks * layout.parts;
        kernels->blocks->multiply(&one);
        for (int j = 0; j < n; j++) {
            double sum = biased ? p.bias[j] : 0, magnitude = fabs(sum) + 1e-30;
            for (int b = 0; b < blocks; b++) {
                // Minima and integers are added up apart: what cancels between them counts for the error.
                double part = 0, sizes = 0;
                for (int a = b * 32; a < b * 32 + 32; a++) {
                    part += (double)q[i * k + a] * numbers[(int64_t)j * k + a];
                    sizes = fmax(sizes, fabs((double)numbers[(int64_t)j * k + a]));
                }
                sum += part * x_scale[i * blocks + b];
                magnitude += (fabs(part) + (layout.minima ? 32 * 127 * sizes : 32 * 16 * sizes)) * x_scale[i * blocks + b];
            }
            const double error = fabs(p.y[i * y_row + j] - reference_activation((ak_activation)p.activation, sum)) / magnitude;
            if (!(error <= largest)) largest = error;
            independent = independent && same_bits(one.y[j], p.y[i * y_row + j]);
        }
    }
    expect_error("multiply blocks", largest, 1e-6);
    expect(independent, "a row's bits depend on how many rows there are");
    release_memory();
}

static void check_odd_activations(const ak_kernels *kernels) {
    working_on("%s quantize_rows, odd numbers", kernels->name);
    static const float odd[] = {NAN, INFINITY, -INFINITY, 1e-44f, 0, 3e38f};
    for (int i = 0; i < COUNT(odd); i++) {
        for (int at = 0; at < 32; at += 5) {
            float x[32] = {0}, scale;
            int8_t q[32];
            int32_t sum;
            x[at] = odd[i];
            kernels->blocks->quantize_rows(x, 32, 1, 1, AK_Q8_0, q, &scale, &sum);
            if (!isfinite(odd[i])) expect(isnan(scale), "%g became finite", (double)odd[i]);
            else expect(fabs((double)q[at] * scale - odd[i]) <= 1e-6 * fabs(odd[i]) + 1e-30, "%g is wrong", (double)odd[i]);
        }
    }
}

void check_weights(const ak_kernels *kernels) {
    static const int ms[] = {1, 2, 3, 4, 5, 7, 9, 13, 40}, ks[] = {1, 3, 16, 24, 77, 100}, ns[] = {1, 3, 8, 17, 33, 50};
    for (int format = 0; format < 2; format++) {
        check_every_half(kernels, (ak_half_format)format);
        for (int m = 0; m < COUNT(ms); m++) {
            for (int n = 0; n < COUNT(ns); n++) {
                for (int k = 0; k < COUNT(ks); k++) check_half(kernels, ms[m], ks[k], ns[n], (ak_half_format)format);
            }
            // Several sums of 1024, and more than one row keeps at a time.
            check_half(kernels, ms[m], 1024, 5, (ak_half_format)format);
            check_half(kernels, ms[m], 2500, 6, (ak_half_format)format);
            check_half(kernels, ms[m], 9217, 18, (ak_half_format)format);
            // Several panels of outputs as well.
            check_half(kernels, ms[m], 2500, 135, (ak_half_format)format);
        }
    }
    for (int format = 0; format < AK_BLOCK_FORMATS; format++) {
        for (int m = 0; m < COUNT(ms); m++) {
            for (int n = 0; n < COUNT(ns); n++) {
                for (int blocks = 1; blocks < (ak_layout_of(format).length > 32 ? 3 : 4); blocks++) {
                    check_blocks(kernels, ms[m], blocks, ns[n], (ak_block_format)format, (m + n + blocks) % 3 == 0);
                }
            }
        }
    }
    check_odd_activations(kernels);
}

// Rounding numbers to GGUF's blocks. The simple types follow ggml's rules to the bit. The K types leave the
// choice of scales open: here they are searched for, so that the sum of the squared errors is small.
//
// Compiled once, over vectors of a fixed width: a file's bytes do not depend on the machine that made it.
#include "CAttentionKernels.h"

#pragma STDC FP_CONTRACT OFF

typedef float v4 __attribute__((ext_vector_type(4), aligned(4)));

static void put_half(uint8_t *to, float value) {
    uint32_t bits;
    __builtin_memcpy(&bits, &value, 4);
    const uint32_t sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
    uint32_t half;
    if (magnitude > 0x7f800000) half = 0x7e00;
    else if (magnitude >= 0x47800000) half = 0x7c00;
    else if (magnitude < 0x38800000) {  // subnormal: a multiple of 2⁻²⁴, rounded by adding what pushes the rest out
        float small;
        __builtin_memcpy(&small, &magnitude, 4);
        small += 0.5f;
        __builtin_memcpy(&half, &small, 4);
        half -= 0x3f000000;
    } else half = ((magnitude + 0xfff + (magnitude >> 13 & 1)) >> 13) - (112 << 10);
    to[0] = (uint8_t)half;
    to[1] = (uint8_t)((sign | half) >> 8);
}

static float get_half(const uint8_t *from) {
    uint8_t block[18] = {from[0], from[1], 9};  // q4_0: the first number is (9 − 8) · d
    float numbers[32];
    ak_read_blocks(block, 1, AK_Q4_0, numbers);
    return numbers[0];
}

// MARK: Simple types

// Truncates, as ggml does; numbers that are none become 0.
static uint8_t truncated(float x, int most) { return x >= most ? (uint8_t)most : x > 0 ? (uint8_t)x : 0; }

static int8_t eighth(float x) {
    if (!(x > -127 && x < 127)) return x >= 127 ? 127 : x <= -127 ? -127 : 0;
    const float whole = (float)(int)x;  // half away from zero
    return (int8_t)(whole + (x - whole >= 0.5f) - (x - whole <= -0.5f));
}

static void round_simple(const float *x, int format, uint8_t *to) {
    float lowest = x[0], highest = x[0], largest = 0;
    for (int j = 0; j < 32; j++) {
        lowest = x[j] < lowest ? x[j] : lowest;
        highest = x[j] > highest ? x[j] : highest;
        if (__builtin_fabsf(x[j]) > __builtin_fabsf(largest)) largest = x[j];
    }
    const ak_block_layout layout = ak_layout_of(format);
    const int levels = layout.ones ? 31 : 15;
    const float d = format == AK_Q8_0 ? __builtin_fabsf(largest) / 127
                    : layout.minima   ? (highest - lowest) / (float)levels
                                      : largest / (float)-layout.bias;
    const float inverse = d == 0 ? 0 : 1 / d;
    put_half(to, d);
    if (format == AK_Q8_0) {
        for (int j = 0; j < 32; j++) to[2 + j] = (uint8_t)eighth(x[j] * inverse);
        return;
    }
    if (layout.minima) put_half(to + 2, lowest);
    uint8_t *high = to + (layout.minima ? 4 : 2), *low = high + (layout.ones ? 4 : 0);
    if (layout.ones) __builtin_memset(high, 0, 4);
    for (int j = 0; j < 32; j++) {
        const float steps = layout.minima ? (x[j] - lowest) * inverse + 0.5f : x[j] * inverse + ((float)layout.bias + 0.5f);
        const uint8_t q = truncated(steps, levels);
        if (j < 16) low[j] = q & 15;
        else low[j - 16] |= (uint8_t)((q & 15) << 4);
        if (layout.ones) high[j / 8] |= (uint8_t)((q >> 4) << j % 8);
    }
}

// MARK: Searching for scales

static float sum_of(v4 x) {
    return (x[0] + x[2]) + (x[1] + x[3]);
}

// x rounded to whole numbers from `least` to `most`.
static inline v4 steps_of(v4 x, float least, float most) {
    x = x > most ? (v4)most : x;
    x = x > least ? x : (v4)least;  // also what is not a number
    return (x + 12582912.f) - 12582912.f;
}

// y ≈ q · scale − minimum, q in least … most.
typedef struct {
    float scale, minimum;
} grid;

static float error_of(const float *x, int count, grid g, float least, float most) {
    const float inverse = g.scale == 0 ? 0 : 1 / g.scale;
    v4 sum = (v4)0.f;
    for (int j = 0; j < count; j += 4) {
        const v4 v = *(const v4 *)(x + j);
        const v4 off = steps_of((v + g.minimum) * inverse, least, most) * g.scale - g.minimum - v;
        sum += off * off;
    }
    return sum_of(sum);
}

// The best grid for the q that `g` gives, by least squares; its minimum is at least 0, or 0 without `minima`.
static grid fitted(const float *x, int count, grid g, float least, float most, int minima) {
    const float inverse = g.scale == 0 ? 0 : 1 / g.scale;
    v4 q1 = (v4)0.f, q2 = (v4)0.f, x1 = (v4)0.f, qx = (v4)0.f;
    for (int j = 0; j < count; j += 4) {
        const v4 v = *(const v4 *)(x + j), q = steps_of((v + g.minimum) * inverse, least, most);
        q1 += q;
        q2 += q * q;
        x1 += v;
        qx += q * v;
    }
    const float n = (float)count, Q = sum_of(q1), QQ = sum_of(q2), X = sum_of(x1), QX = sum_of(qx);
    if (QQ == 0) return (grid){0, minima && X < 0 ? -X / n : 0};
    const float determinant = n * QQ - Q * Q;
    if (minima && determinant > 0) {
        const grid both = {(n * QX - Q * X) / determinant, (Q * QX - QQ * X) / determinant};
        if (both.minimum >= 0) return both;
    }
    return (grid){QX / QQ, 0};
}

static void consider(const float *x, int count, grid g, float least, float most, grid *best, float *error) {
    const float e = error_of(x, count, g, least, most);
    if (e < *error) *error = e, *best = g;
}

// The grid of 32 numbers with minima, or of 16 without.
static grid search(const float *x, int count, float least, float most, int minima) {
    float lowest = 0, highest = x[0], largest = 0;
    for (int j = 0; j < count; j++) {
        lowest = x[j] < lowest ? x[j] : lowest;
        highest = x[j] > highest ? x[j] : highest;
        if (__builtin_fabsf(x[j]) > __builtin_fabsf(largest)) largest = x[j];
    }
    grid best = {0, minima ? -lowest : 0};
    float error = error_of(x, count, best, least, most);
    for (int step = -6; step <= 9; step++) {
        // The range is cut, or stretched, by tenths of a step; without minima the largest number is at the
        // longer end.
        const float range = minima ? highest - lowest : largest;
        const float divisor = minima ? most - least + 0.1f * (float)step : least - 0.1f * (float)step;
        const grid start = {range / divisor, minima ? -lowest : 0};
        if (start.scale == 0) break;
        consider(x, count, fitted(x, count, start, least, most, minima), least, most, &best, &error);
    }
    for (int again = 0; again < 2; again++) {
        consider(x, count, fitted(x, count, best, least, most, minima), least, most, &best, &error);
    }
    return best;
}

// MARK: K types

typedef struct {
    float d, dmin;
    int scale[16], minimum[16];
    uint8_t q[256];
} super_block;

static int clamped(float x, int least, int most) {
    return !(x > (float)least) ? least : x > (float)most ? most : (int)(x < 0 ? x - 0.5f : x + 0.5f);
}

// The best factors near those that come from dividing, one part after the other.
static void choose_factors(const float *x, int count, int parts, float least, float most, int lowest, int highest,
                           const grid *grids, super_block *out) {
    for (int p = 0; p < parts; p++) {
        const int scale = clamped(out->d == 0 ? 0 : grids[p].scale / out->d, lowest, highest);
        const int minimum = clamped(out->dmin == 0 ? 0 : grids[p].minimum / out->dmin, 0, 63);
        float error = __builtin_inff();
        out->scale[p] = scale, out->minimum[p] = minimum;
        for (int s = scale - 1; s <= scale + 1; s++) {
            for (int m = minimum - (out->dmin != 0); m <= minimum + (out->dmin != 0); m++) {
                if (s < lowest || s > highest || m < 0 || m > 63) continue;
                const grid g = {out->d * (float)s, out->dmin * (float)m};
                const float e = error_of(x + p * count, count, g, least, most);
                if (e < error) error = e, out->scale[p] = s, out->minimum[p] = m;
            }
        }
    }
}

// d and dmin by least squares, for the factors and the q that there are.
static void refit(const float *x, int count, int parts, float least, float most, int minima, super_block *out) {
    double ss = 0, sm = 0, mm = 0, sx = 0, mx = 0;  // s = factor · q, m = −minimum's factor
    for (int p = 0; p < parts; p++) {
        const grid g = {out->d * (float)out->scale[p], out->dmin * (float)out->minimum[p]};
        const float inverse = g.scale == 0 ? 0 : 1 / g.scale, m = -(float)out->minimum[p];
        v4 v_ss = (v4)0.f, v_s = (v4)0.f, v_sx = (v4)0.f, v_x = (v4)0.f;
        for (int j = 0; j < count; j += 4) {
            const v4 v = *(const v4 *)(x + p * count + j);
            const v4 s = steps_of((v + g.minimum) * inverse, least, most) * (float)out->scale[p];
            v_ss += s * s, v_s += s, v_sx += s * v, v_x += v;
        }
        ss += sum_of(v_ss), sx += sum_of(v_sx);
        sm += m * sum_of(v_s), mx += m * sum_of(v_x), mm += m * m * (float)count;
    }
    const double determinant = ss * mm - sm * sm;
    if (minima && mm > 0 && determinant > 1e-9 * ss * mm) {
        out->d = (float)((sx * mm - mx * sm) / determinant);
        out->dmin = (float)((mx * ss - sx * sm) / determinant);
    } else if (ss > 0) {
        out->d = (float)((sx - out->dmin * sm) / ss);
    }
}

static float stored(float x) {
    uint8_t half[2];
    put_half(half, x);
    return get_half(half);
}

static super_block searched(const float *x, int parts, float least, float most, int lowest, int highest, int minima) {
    grid grids[16];
    super_block out = {0};
    const int count = 256 / parts;
    float scale = 0, minimum = 0;
    for (int p = 0; p < parts; p++) {
        grids[p] = search(x + p * count, count, least, most, minima);
        if (__builtin_fabsf(grids[p].scale) > __builtin_fabsf(scale)) scale = grids[p].scale;
        if (grids[p].minimum > minimum) minimum = grids[p].minimum;
    }
    // The largest scale is at the longer end of the factors' range.
    out.d = stored(scale / (float)(lowest < 0 ? lowest : highest));
    out.dmin = stored(minimum / 63);
    choose_factors(x, count, parts, least, most, lowest, highest, grids, &out);
    refit(x, count, parts, least, most, minima, &out);
    out.d = stored(out.d), out.dmin = stored(out.dmin);
    choose_factors(x, count, parts, least, most, lowest, highest, grids, &out);
    for (int p = 0; p < parts; p++) {
        const float step = out.d * (float)out.scale[p], offset = out.dmin * (float)out.minimum[p];
        const float inverse = step == 0 ? 0 : 1 / step;
        for (int j = p * count; j < (p + 1) * count; j += 4) {
            const v4 q = steps_of((*(const v4 *)(x + j) + offset) * inverse, least, most) - least;
            for (int i = 0; i < 4; i++) out.q[j + i] = (uint8_t)q[i];
        }
    }
    return out;
}

static void round_with_minima(const float *x, int format, uint8_t *to) {
    const int fifth = format == AK_Q5_K;
    const super_block s = searched(x, 8, 0, fifth ? 31 : 15, 0, 63, 1);
    put_half(to, s.d);
    put_half(to + 2, s.dmin);
    for (int i = 0; i < 4; i++) {
        to[4 + i] = (uint8_t)(s.scale[i] | s.scale[i + 4] >> 4 << 6);
        to[8 + i] = (uint8_t)(s.minimum[i] | s.minimum[i + 4] >> 4 << 6);
        to[12 + i] = (uint8_t)((s.scale[i + 4] & 15) | (s.minimum[i + 4] & 15) << 4);
    }
    uint8_t *high = to + 16, *low = to + (fifth ? 48 : 16);
    if (fifth) __builtin_memset(high, 0, 32);
    for (int j = 0; j < 256; j++) {
        const int at = j / 64 * 32 + j % 32, shift = j / 32 % 2 * 4;
        if (shift == 0) low[at] = s.q[j] & 15;
        else low[at] |= (uint8_t)((s.q[j] & 15) << 4);
        if (fifth) high[j % 32] |= (uint8_t)((s.q[j] >> 4) << j / 32);
    }
}

static void round_six(const float *x, uint8_t *to) {
    const super_block s = searched(x, 16, -32, 31, -128, 127, 0);
    __builtin_memset(to, 0, 192);
    for (int j = 0; j < 256; j++) {
        const int half = j / 128, i = j % 128 / 32, l = j % 32;
        to[half * 64 + i % 2 * 32 + l] |= (uint8_t)((s.q[j] & 15) << i / 2 * 4);
        to[128 + half * 32 + l] |= (uint8_t)((s.q[j] >> 4) << i * 2);
    }
    for (int p = 0; p < 16; p++) to[192 + p] = (uint8_t)s.scale[p];
    put_half(to + 208, s.d);
}

int32_t ak_can_round_blocks(int32_t format) { return format != AK_Q2_K && format != AK_Q3_K; }

void ak_round_blocks(const float *x, int64_t blocks, int32_t format, uint8_t *to) {
    const ak_block_layout layout = ak_layout_of(format);
    for (int64_t b = 0; b < blocks; b++, x += layout.length, to += layout.bytes) {
        switch (format) {
        case AK_Q4_K: case AK_Q5_K: round_with_minima(x, format, to); break;
        case AK_Q6_K: round_six(x, to); break;
        default: round_simple(x, format, to);
        }
    }
}

// GGUF's blocks as files hold them: reading their numbers, and laying them out for the kernels. Compiled
// once: this runs once for each weight, and no instruction set changes what it does.
#include "CAttentionKernels.h"

static uint16_t bits16(const uint8_t *at) { return (uint16_t)(at[0] | at[1] << 8); }

static float half(const uint8_t *at) {
    const uint16_t bits = bits16(at);
    uint32_t wide = (uint32_t)(bits & 0x7fff) << 13;
    float value;
    __builtin_memcpy(&value, &wide, 4);
    value *= 0x1p112f;  // the exponents' biases differ by 112; subnormals come out right
    __builtin_memcpy(&wide, &value, 4);
    if ((bits & 0x7fff) >= 0x7c00) wide |= 0x7f800000;
    wide |= (uint32_t)(bits & 0x8000) << 16;
    __builtin_memcpy(&value, &wide, 4);
    return value;
}

static uint32_t four(const uint8_t *at) {
    uint32_t bytes;
    __builtin_memcpy(&bytes, at, 4);
    return bytes;
}

// The integers of block i of 32 within a file's block, four bytes to a number. (A shift carries bits from
// byte to byte; the masks take them away.)
static void integers_of(const uint8_t *block, int i, int format, const ak_block_layout layout, uint32_t q[8]) {
    const uint8_t *low = NULL, *high = NULL;  // the low 4 or 2 bits, and what is above them
    int shift = 0, high_shift = 0;
    switch (format) {
    case AK_Q8_0: __builtin_memcpy(q, block + 2, 32); return;
    case AK_Q4_0: case AK_Q4_1: case AK_Q5_0: case AK_Q5_1: {
        const uint8_t *fifth = block + (layout.minima ? 4 : 2);
        low = fifth + (layout.ones ? 4 : 0);
        for (int p = 0; p < 8; p++) q[p] = four(low + p % 4 * 4) >> p / 4 * 4 & 0x0f0f0f0f;
        if (!layout.ones) return;
        // Four bits, a byte each.
        for (int p = 0; p < 8; p++) q[p] |= ((four(fifth) >> 4 * p & 15) * 0x00204081u & 0x01010101u) << 4;
        return;
    }
    case AK_Q2_K: low = block + 16 + i / 4 * 32, shift = i % 4 * 2; break;
    case AK_Q3_K: low = block + 32 + i / 4 * 32, shift = i % 4 * 2, high = block, high_shift = i; break;
    case AK_Q4_K: low = block + 16 + i / 2 * 32, shift = i % 2 * 4; break;
    case AK_Q5_K: low = block + 48 + i / 2 * 32, shift = i % 2 * 4, high = block + 16, high_shift = i; break;
    case AK_Q6_K:
        low = block + i / 4 * 64 + i % 2 * 32, shift = i % 4 / 2 * 4;
        high = block + 128 + i / 4 * 32, high_shift = i % 4 * 2;
        break;
    default: return;
    }
    const uint32_t low_mask = layout.fours ? 0x0f0f0f0f : 0x03030303;
    const uint32_t high_mask = format == AK_Q6_K ? 0x03030303 : 0x01010101;
    for (int p = 0; p < 8; p++) q[p] = four(low + 4 * p) >> shift & low_mask;
    if (!high) return;
    for (int p = 0; p < 8; p++) q[p] |= (four(high + 4 * p) >> high_shift & high_mask) << (layout.fours ? 4 : 2);
}

// Where float16 scale and minimum stand in a file's block.
static const uint8_t *scale_of(const uint8_t *block, int format) {
    switch (format) {
    case AK_Q2_K: return block + 80;
    case AK_Q3_K: return block + 108;
    case AK_Q6_K: return block + 208;
    default: return block;
    }
}

// The bytes by which a K type multiplies them, for part `part` of block i of 32.
static void factors_of(const uint8_t *block, int i, int part, int format, uint8_t *scale, uint8_t *minimum) {
    const int at = 2 * i + part;
    *minimum = 0;
    switch (format) {
    case AK_Q2_K: *scale = block[at] & 15, *minimum = block[at] >> 4; return;
    case AK_Q3_K: {
        const uint8_t *s = block + 96;
        const int low = at < 8 ? s[at] & 15 : s[at - 8] >> 4, high = s[8 + at % 4] >> at / 4 * 2 & 3;
        *scale = (uint8_t)((low | high << 4) - 32);
        return;
    }
    case AK_Q6_K: *scale = block[192 + at]; return;
    default: {  // 6 bits each; the last four's high bits stand above the first four's and their minima's
        const uint8_t *s = block + 4;
        *scale = i < 4 ? s[i] & 63 : (s[i + 4] & 15) | s[i - 4] >> 6 << 4;
        *minimum = i < 4 ? s[i + 4] & 63 : s[i + 4] >> 4 | s[i] >> 6 << 4;
    }
    }
}

void ak_read_blocks(const uint8_t *from, int64_t blocks, int32_t format, float *out) {
    const ak_block_layout layout = ak_layout_of(format);
    const int inner = layout.length / 32;
    for (int64_t b = 0; b < blocks; b++, out += 32) {
        const uint8_t *block = from + b / inner * layout.bytes;
        const int i = (int)(b % inner);
        uint32_t quads[8];
        integers_of(block, i, format, layout, quads);
        uint8_t q[32];
        __builtin_memcpy(q, quads, 32);
        for (int part = 0; part < layout.parts; part++) {
            float scale = half(scale_of(block, format));
            float minimum = layout.minima ? half(scale_of(block, format) + 2) : 0;
            if (inner > 1) {
                uint8_t s, m;
                factors_of(block, i, part, format, &s, &m);
                scale *= layout.is_signed ? (float)(int8_t)s : (float)s;
                minimum *= -(float)m;
            }
            for (int j = 32 / layout.parts * part; j < 32 / layout.parts * (part + 1); j++) {
                const float number = (float)(layout.eights ? (int8_t)q[j] : q[j] - layout.bias) * scale;
                out[j] = layout.minima ? number + minimum : number;
            }
        }
    }
}

static void pack_integers(const uint32_t quads[8], const ak_block_layout layout, int64_t stride, uint32_t flip, uint8_t *to) {
    uint32_t plane[8] = {0};
    int vectors = 0;
    if (layout.eights) {
        for (int p = 0; p < 8; p++) plane[p] = quads[p] ^ flip;
        vectors = 8;
    }
    if (layout.fours) {
        for (int p = 0; p < 4; p++) plane[p] = (quads[p] & 0x0f0f0f0f) | (quads[p + 4] & 0x0f0f0f0f) << 4;
        vectors = 4;
    }
    if (layout.twos) {
        for (int p = 0; p < 8; p++) {
            plane[vectors + p / 4] |= (quads[p] >> (layout.fours ? 4 : 0) & 0x03030303) << p % 4 * 2;
        }
        vectors += 2;
    }
    if (layout.ones) {
        for (int p = 0; p < 8; p++) plane[vectors] |= (quads[p] >> (layout.fours ? 4 : 2) & 0x01010101) << p;
        vectors++;
    }
    for (int v = 0; v < vectors; v++) __builtin_memcpy(to + v * stride, &plane[v], 4);
}

void ak_pack_group(const uint8_t *rows, ptrdiff_t row_bytes, int64_t outputs, int64_t blocks, int32_t format,
                   int64_t lanes, int32_t eights_bias, uint8_t *w, uint8_t *scale) {
    const ak_block_layout layout = ak_layout_of(format);
    const int inner = layout.length / 32;
    const uint32_t flip = (uint32_t)eights_bias * 0x01010101u;
    // Lanes without an output multiply by scales of 0.
    __builtin_memset(w, 0, (size_t)(blocks * layout.number_bytes * lanes));
    __builtin_memset(scale, 0, (size_t)(blocks / inner * layout.scale_bytes * lanes));
    for (int64_t b = 0; b < blocks; b++) {
        uint8_t *s = scale + b / inner * layout.scale_bytes * lanes;
        const int i = (int)(b % inner), halves = layout.minima ? 2 : 1;
        for (int64_t o = 0; o < outputs; o++) {
            const uint8_t *block = rows + o * row_bytes + b / inner * layout.bytes;
            uint32_t quads[8];
            integers_of(block, i, format, layout, quads);
            pack_integers(quads, layout, 4 * lanes, flip, w + b * layout.number_bytes * lanes + 4 * o);
            const uint8_t *d = scale_of(block, format);
            if (i == 0) for (int h = 0; h < halves; h++) __builtin_memcpy(s + 2 * (h * lanes + o), d + 2 * h, 2);
            if (inner == 1) continue;
            for (int part = 0; part < layout.parts; part++) {
                uint8_t factor, minimum;
                factors_of(block, i, part, format, &factor, &minimum);
                uint8_t *f = s + (2 * halves + (i * layout.parts + part) * halves) * lanes + o;
                f[0] = factor;
                if (layout.minima) f[lanes] = minimum;
            }
        }
    }
}

static void unpack_integers(const uint8_t *w, const ak_block_layout layout, int64_t stride, uint32_t flip, uint8_t q[32]) {
    uint32_t quads[8] = {0}, plane[8];
    const int vectors = layout.number_bytes / 4;
    for (int v = 0; v < vectors; v++) __builtin_memcpy(&plane[v], w + v * stride, 4);
    int above = 0, at = 0;
    for (int p = 0; p < 8; p++) {
        if (layout.eights) quads[p] = plane[p] ^ flip;
        if (layout.fours) quads[p] = plane[p % 4] >> p / 4 * 4 & 0x0f0f0f0f, above = 4, at = 4;
        if (layout.twos) quads[p] |= (plane[at + p / 4] >> p % 4 * 2 & 0x03030303) << above;
        if (layout.ones) quads[p] |= (plane[vectors - 1] >> p & 0x01010101) << (layout.fours ? 4 : 2);
    }
    __builtin_memcpy(q, quads, 32);
}

void ak_read_group(const uint8_t *w, const uint8_t *scale, int64_t outputs, int64_t blocks, int32_t format,
                   int64_t lanes, int32_t eights_bias, float *out, ptrdiff_t out_row) {
    const ak_block_layout layout = ak_layout_of(format);
    const int inner = layout.length / 32, halves = layout.minima ? 2 : 1;
    const uint32_t flip = (uint32_t)eights_bias * 0x01010101u;
    for (int64_t b = 0; b < blocks; b++) {
        const uint8_t *s = scale + b / inner * layout.scale_bytes * lanes;
        for (int64_t o = 0; o < outputs; o++) {
            uint8_t q[32];
            unpack_integers(w + b * layout.number_bytes * lanes + 4 * o, layout, 4 * lanes, flip, q);
            for (int part = 0; part < layout.parts; part++) {
                float d = half(s + 2 * o), m = layout.minima ? half(s + 2 * (lanes + o)) : 0;
                if (inner > 1) {
                    const int64_t at = b % inner * layout.parts + part;
                    const uint8_t *f = s + (2 * halves + at * halves) * lanes + o;
                    d *= layout.is_signed ? (float)(int8_t)f[0] : (float)f[0];
                    if (layout.minima) m *= -(float)f[lanes];
                }
                float *to = out + o * out_row + b * 32;
                for (int j = 32 / layout.parts * part; j < 32 / layout.parts * (part + 1); j++) {
                    const float number = (float)(layout.eights ? (int8_t)q[j] : q[j] - layout.bias) * d;
                    to[j] = layout.minima ? number + m : number;
                }
            }
        }
    }
}

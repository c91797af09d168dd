// Matrix products with weights in GGUF's blocks of integers, laid out anew for the instruction set.
//
// A number is q · scale + minimum. What differs between the types is how many bits q has, how many numbers
// share a scale (16 or 32), and how scales and minima are written down. `ak_block_layout` says it once for
// all of them.
//
// The layout that is multiplied: a group of `lane_width` outputs (lanes) stands together, block of 32 inputs
// by block. Integers, `number_bytes` a lane and block, in planes of vectors of 4 bytes a lane (a *quad*: the
// q of four neighbouring inputs; a block has quads 0 … 7):
//   8 bits  8 vectors, a quad each
//   4 bits  4 vectors, quad v in the low halves of vector v's bytes, quad v + 4 in the high ones
//   2 bits  2 vectors, quad 4v + p in bits 2p and 2p + 1 of vector v's bytes
//   1 bit   1 vector, quad p in bit p
// and, apart from them, scales, `scale_bytes` a lane and block of the file:
//   simple types  float16 scale[lanes], then float16 minimum[lanes] K types       float16 d[lanes], then
//   float16 dmin[lanes]; then for each 16 or 32 numbers one byte a lane that is
//                 multiplied by d, then one that is multiplied by −dmin
// So every number is exactly the file's, in the bytes of the file (q2_K: a fifth more; q3_K, q4_K, q5_K: 2 to
// 4 %).
#ifndef AK_BLOCKS_H
#define AK_BLOCKS_H

#include <stddef.h>
#include <stdint.h>

typedef enum {
    AK_Q8_0 = 0, AK_Q4_0, AK_Q4_1, AK_Q5_0, AK_Q5_1, AK_Q2_K, AK_Q3_K, AK_Q4_K, AK_Q5_K, AK_Q6_K,
    AK_BLOCK_FORMATS,
    // Integers in bytes and scales in float32, unpacked for products with many rows; never stored.
    AK_WIDE = AK_BLOCK_FORMATS, AK_WIDE_MINIMA, AK_WIDE_PARTS, AK_WIDE_PARTS_MINIMA,
    AK_WIDE_4, AK_WIDE_4_MINIMA, AK_WIDE_4_PARTS,  // with integers of at most 4 bits
} ak_block_format;

typedef struct {
    int32_t length, bytes;        // numbers and bytes of a block of the file
    int32_t eights, fours, twos, ones;  // which planes of bits there are
    int32_t parts;                // scales of 32 numbers: 1 or 2
    int32_t minima;               // whether there are minima
    int32_t is_signed;            // K types: whether the bytes that multiply d are
    int32_t bias;                 // a number is (q − bias) · scale
    int32_t number_bytes;         // of a lane and 32 numbers, as multiplied
    int32_t scale_bytes;          // of a lane and a block of the file, as multiplied
} ak_block_layout;

static inline __attribute__((always_inline)) ak_block_layout ak_layout_of(int32_t format) {
    switch (format) {
    //                                      file      planes      parts  −,  bias  bytes
    case AK_Q8_0: return (ak_block_layout){32, 34,    1, 0, 0, 0, 1, 0, 0, 0,  32, 2};
    case AK_Q4_0: return (ak_block_layout){32, 18,    0, 1, 0, 0, 1, 0, 0, 8,  16, 2};
    case AK_Q4_1: return (ak_block_layout){32, 20,    0, 1, 0, 0, 1, 1, 0, 0,  16, 4};
    case AK_Q5_0: return (ak_block_layout){32, 22,    0, 1, 0, 1, 1, 0, 0, 16, 20, 2};
    case AK_Q5_1: return (ak_block_layout){32, 24,    0, 1, 0, 1, 1, 1, 0, 0,  20, 4};
    case AK_Q2_K: return (ak_block_layout){256, 84,   0, 0, 1, 0, 2, 1, 0, 0,  8, 36};
    case AK_Q3_K: return (ak_block_layout){256, 110,  0, 0, 1, 1, 2, 0, 1, 4,  12, 18};
    case AK_Q4_K: return (ak_block_layout){256, 144,  0, 1, 0, 0, 1, 1, 0, 0,  16, 20};
    case AK_Q5_K: return (ak_block_layout){256, 176,  0, 1, 0, 1, 1, 1, 0, 0,  20, 20};
    case AK_Q6_K: return (ak_block_layout){256, 210,  0, 1, 1, 0, 2, 0, 1, 32, 24, 18};
    case AK_WIDE: case AK_WIDE_4: return (ak_block_layout){32, 0,  1, 0, 0, 0, 1, 0, 0, 0, 32, 4};
    case AK_WIDE_MINIMA: case AK_WIDE_4_MINIMA: return (ak_block_layout){32, 0,  1, 0, 0, 0, 1, 1, 0, 0, 32, 8};
    case AK_WIDE_PARTS: case AK_WIDE_4_PARTS: return (ak_block_layout){32, 0,  1, 0, 0, 0, 2, 0, 0, 0, 32, 8};
    default: return (ak_block_layout){32, 0,  1, 0, 0, 0, 2, 1, 0, 0, 32, 16};
    }
}

// y[m × n] = act(x[m × 32·blocks] · Wᵀ + bias), x in blocks of 32 8-bit integers. The sums of integers are
// exact; every output is one chain of multiply-adds over the blocks, in their order.
typedef struct {
    const int8_t *x;       // [m][blocks][32]
    const float *x_scale;  // [m][blocks]
    const int32_t *x_sum;  // [m][blocks][parts], see quantize_rows
    const uint8_t *w;        // [groups][blocks][number_bytes · lane_width]
    const uint8_t *w_scale;  // [groups][file's blocks][scale_bytes · lane_width]
    float *y;
    ptrdiff_t y_row;
    const float *bias;  // [n], or NULL
    int64_t m, blocks, n;
    int32_t format;      // an ak_block_format that is stored
    int32_t activation;  // an ak_activation
    uint8_t *scratch;    // scratch_bytes(m, blocks), at a multiple of 64
} ak_block_product;

typedef struct {
    // The offset of q8_0's stored integers: 128 where instructions multiply unsigned by signed numbers, or 0.
    int32_t eights_bias;
    // q[rows][blocks][32] · scale[rows][blocks] ≈ x, |q| ≤ 127. sum[rows][blocks][parts]: for formats with
    // minima the bits of a float, scale · Σ q; for others −bias · Σ q, which the integer sums begin with. A
    // block that is not finite has the scale NaN.
    void (*quantize_rows)(const float *x, ptrdiff_t x_row, int64_t rows, int64_t blocks, int32_t format, int8_t *q,
                          float *scale, int32_t *sum);
    int64_t (*scratch_bytes)(int64_t m, int64_t blocks);
    void (*multiply)(const ak_block_product *product);
} ak_block_kernels;

// out[32 · blocks] ← the numbers of blocks as a file holds them: each rounded once, as exactly as float32
// can.
void ak_read_blocks(const uint8_t *from, int64_t blocks, int32_t format, float *out);
// Lays out `outputs` ≤ lanes rows of blocks, as a file holds them, as one group.
void ak_pack_group(const uint8_t *rows, ptrdiff_t row_bytes, int64_t outputs, int64_t blocks, int32_t format,
                   int64_t lanes, int32_t eights_bias, uint8_t *w, uint8_t *scale);
// out[outputs][32 · blocks] ← a group's numbers, the same as those of ak_read_blocks.
void ak_read_group(const uint8_t *w, const uint8_t *scale, int64_t outputs, int64_t blocks, int32_t format,
                   int64_t lanes, int32_t eights_bias, float *out, ptrdiff_t out_row);

// Rounds `blocks` blocks of a file (of 32 or 256 numbers, all finite), for formats that can be made.
int32_t ak_can_round_blocks(int32_t format);
void ak_round_blocks(const float *x, int64_t blocks, int32_t format, uint8_t *to);

#endif

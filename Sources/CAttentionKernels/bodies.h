// All bodies for one instruction set, and its table of functions.
#include "vec.h"
#include "vec_math.h"
#include "vec_random.h"
#include "vec_parts.h"
#include "body_tile.h"
#include "body_panel.h"
#include "body_dropout.h"
#include "body_attention.h"
#include "body_rows.h"
#include "body_backward.h"
#include "body_elementwise.h"
#include "body_softmax.h"
#include "body_rotary.h"
#include "body_operations.h"
#include "body_decode.h"
#include "body_norms.h"
#include "body_matmul.h"
#include "body_summary.h"
#include "body_sampling.h"
#include "body_half.h"
#include "body_half_wide.h"
#include "body_blocks.h"

// The table of functions, whose products with blocks may be those of a related instruction set.
#define AK_KERNELS(isa_name, block_kernels)                                             \
    {                                                                                   \
        .name = isa_name,                                                               \
        .lane_width = VW,                                                               \
        .max_vectors = NV,                                                              \
        .tile_rows = MR,                                                                \
        .pack_panel = FN(pack_panel),                                                   \
        .pack_rows = FN(pack_rows),                                                     \
        .unpack_rows = FN(unpack_rows),                                                 \
        .attend_block = FN(attend_block),                                               \
        .weights_block = FN(weights_block),                                             \
        .merge_panel = FN(merge_panel),                                                 \
        .finish_panel = FN(finish_panel),                                               \
        .backward = AK_BACKWARD_KERNELS,                                                \
        .matmul = MATMUL_KERNELS,                                                       \
        .weights = {HALF_KERNELS},                                                      \
        .blocks = &block_kernels,                                                       \
        .inverse_norms = FN(inverse_norms),                                             \
        .elementwise = AK_ELEMENTWISE_KERNELS,                                          \
        .operations = AK_OPERATION_KERNELS,                                             \
        .decode = DECODE_KERNELS,                                                       \
        .norms = AK_NORM_KERNELS,                                                       \
        .summary = AK_SUMMARY_KERNELS,                                                  \
        .sampling = AK_SAMPLING_KERNELS,                                                \
    }

const ak_kernels FN(ak_kernels) = AK_KERNELS(ISA_NAME, FN(ak_block_kernels));

// Maps of long texts: tiles of weights reduced into cells.
#include "check.h"

#include <math.h>

static void check_tile(const ak_kernels *kernels, int vectors, int keys, int cells) {
    const int lanes = vectors * kernels->lane_width, stride = 3;
    working_on("%s reduce_tile, %d keys of %d lanes in %d cells", kernels->name, keys, lanes, cells);
    float *weights = random_floats((int64_t)keys * lanes);
    float *sum = floats((int64_t)(cells - 1) * stride + 1), *maximum = floats((int64_t)(cells - 1) * stride + 1);
    int32_t *ends = integers(cells);
    for (int i = 0; i < keys * lanes; i++) weights[i] = fabsf(weights[i]);
    int used = 0;
    for (int cell = 0; cell < cells; cell++) {
        // The last few lanes belong to no cell; a cell may have none.
        used += random_below((lanes - used) / (cells - cell) + 1);
        ends[cell] = used;
        sum[cell * stride] = 0.5f;
        maximum[cell * stride] = 0.25f;
    }
    kernels->summary.reduce_tile(weights, vectors, keys, ends, cells, sum, maximum, stride);
    for (int cell = 0; cell < cells; cell++) {
        double total = 0.5, largest = 0.25;
        for (int lane = cell ? ends[cell - 1] : 0; lane < ends[cell]; lane++) {
            for (int key = 0; key < keys; key++) {
                total += weights[key * lanes + lane];
                largest = fmax(largest, weights[key * lanes + lane]);
            }
        }
        expect_error("sum of a cell", fabs(sum[cell * stride] / total - 1), 2e-6);
        expect(maximum[cell * stride] == (float)largest, "cell %d: the largest is %g, not %g", cell,
               maximum[cell * stride], largest);
    }
    release_memory();
}

void check_summary(const ak_kernels *kernels) {
    for (int vectors = 1; vectors <= kernels->max_vectors; vectors++) {
        for (int cells = 1; cells <= 5; cells += 2) {
            check_tile(kernels, vectors, 1, cells);
            check_tile(kernels, vectors, 23, cells);
            check_tile(kernels, vectors, 128, cells);
        }
    }
}

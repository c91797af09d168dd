// Passes over a vocabulary: against their definitions, and to the bit against the plain path.
#include "check.h"

#include <math.h>

static void check_count(const ak_kernels *kernels, int count) {
    const ak_sampling_kernels *tested = &kernels->sampling, *plain = &ak_kernels_for(AK_SCALAR)->sampling;
    const int blocks = (count + AK_SAMPLING_BLOCK - 1) / AK_SAMPLING_BLOCK;
    working_on("%s sampling, %d logits", kernels->name, count);
    float *x = random_floats(count), *maxima = floats(blocks), *sums = floats(blocks), *weights = floats(count);
    float *plain_sums = floats(blocks), *plain_weights = floats(count);
    int32_t *places = integers(count);
    for (int i = 0; i < count; i++) x[i] *= 30;
    if (count > 1) x[count / 2] = -INFINITY;

    const float maximum = tested->maxima(x, count, maxima);
    for (int block = 0; block < blocks; block++) {
        float largest = -INFINITY;
        for (int i = block * AK_SAMPLING_BLOCK; i < count && i < (block + 1) * AK_SAMPLING_BLOCK; i++) {
            largest = fmaxf(largest, x[i]);
        }
        expect(maxima[block] == largest, "block %d: the greatest is %g, not %g", block, maxima[block], largest);
        expect(maximum >= largest, "%g is greater than the greatest, %g", largest, maximum);
    }

    tested->weigh(x, count, maximum, 0.75f, weights, sums);
    plain->weigh(x, count, maximum, 0.75f, plain_weights, plain_sums);
    for (int i = 0; i < count; i++) {
        const double exact = exp(0.75 * ((double)x[i] - maximum));
        expect_error("sampling weight", fabs(weights[i] - exact) / (exact + 1e-30), 6e-6);
        expect(same_bits(weights[i], plain_weights[i]), "%d: the plain path has other bits", i);
    }
    for (int block = 0; block < blocks; block++) {
        double sum = 0;
        for (int i = block * AK_SAMPLING_BLOCK; i < count && i < (block + 1) * AK_SAMPLING_BLOCK; i++) {
            sum += weights[i];
        }
        expect_error("sampling sum", fabs(sums[block] - sum) / (sum + 1e-30), 1e-6);
        expect(same_bits(sums[block], plain_sums[block]), "block %d: the plain path has other bits", block);
    }
    tested->weigh(x, count, maximum, 0.75f, NULL, sums);
    expect(same_bits(sums[0], plain_sums[0]), "without weights the sums are others");

    const int64_t found = tested->reaching(x, count, 3, places);
    int64_t expected = 0;
    for (int i = 0; i < count; i++) {
        if (x[i] < 3) continue;
        expect(expected < found && places[expected] == i, "the place %d is missing", i);
        expected++;
    }
    expect(found == expected, "%d places, not %d", (int)found, (int)expected);

    x[count - 1] = NAN;
    expect(isnan(tested->maxima(x, count, maxima)), "NaN is passed over");
    x[count - 1] = INFINITY;
    expect(isnan(tested->maxima(x, count, maxima)), "an infinity is passed over");
    release_memory();
}

void check_sampling(const ak_kernels *kernels) {
    const int counts[] = {1, 3, 16, 17, 63, 64, 65, 130, 1000};
    for (int c = 0; c < COUNT(counts); c++) check_count(kernels, counts[c]);
}

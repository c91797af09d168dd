// Passes over a vocabulary: against their definitions, and to the bit against the plain path.
#include "check.h"

#include <math.h>
#include <string.h>

#pragma STDC FP_CONTRACT OFF  // as in the kernels: what is expected to the bit has no fused multiply-add

static int32_t bits(float x) {
    int32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

// What comes first by closeness to a distance: its order, its bins, and what is kept of it.
static void check_order(const ak_sampling_kernels *tested, const ak_sampling_kernels *plain, const float *x,
                        const float *weights, int count, float maximum) {
    const int blocks = (count + AK_SAMPLING_BLOCK - 1) / AK_SAMPLING_BLOCK;
    const float scale = 0.75f;
    double weight, information, expected_weight = 0, expected_information = 0;
    tested->information(x, weights, count, maximum, scale, &weight, &information);
    double plain_weight, plain_information;
    plain->information(x, weights, count, maximum, scale, &plain_weight, &plain_information);
    expect(weight == plain_weight && information == plain_information, "the plain path's sums are others");
    for (int i = 0; i < count; i++) {
        if (weights[i] == 0) continue;
        expected_weight += weights[i];
        expected_information += (double)weights[i] * (scale * (maximum - x[i]));
    }
    expect_error("sampling information", fabs(information - expected_information) / (expected_information + 1e-30), 1e-12);
    expect_error("sampling total", fabs(weight - expected_weight) / expected_weight, 1e-12);

    const float mean = 2.5f;
    float *order = floats(count), *kept = floats(count), *sums = floats(blocks), *plain_kept = floats(count);
    float *plain_sums = floats(blocks);
    tested->closeness(x, count, maximum, scale, mean, order);
    for (int i = 0; i < count; i++) {
        const float distance = fabsf(scale * (maximum - x[i]) - mean);
        expect(bits(order[i]) == bits(INFINITY) - bits(distance), "%d: another order than that of %g", i, distance);
    }

    const int32_t shift = 18, low = bits(INFINITY) - bits(8.0f);
    const float floor = order[count / 3];
    static double bins[AK_SAMPLING_BINS], expected_bins[AK_SAMPLING_BINS];
    memset(expected_bins, 0, sizeof expected_bins);
    for (int i = 0; i < count; i++) {
        if (order[i] < floor) continue;
        int32_t bin = (bits(order[i]) - low) >> shift;
        bin = bin < 0 ? 0 : bin >= AK_SAMPLING_BINS ? AK_SAMPLING_BINS - 1 : bin;
        expected_bins[bin] += weights[i];
    }
    tested->bins(order, weights, count, floor, low, shift, bins);
    for (int b = 0; b < AK_SAMPLING_BINS; b++) {
        expect(fabs(bins[b] - expected_bins[b]) <= 1e-12 * expected_bins[b], "bin %d is another", b);
    }

    const int last = count / 2;
    memcpy(kept, weights, sizeof(float) * (size_t)count);
    memcpy(plain_kept, weights, sizeof(float) * (size_t)count);
    tested->keep(order, kept, count, floor, last, sums);
    plain->keep(order, plain_kept, count, floor, last, plain_sums);
    for (int i = 0; i < count; i++) {
        const bool stays = order[i] > floor || (order[i] == floor && i <= last);
        expect(kept[i] == (stays ? weights[i] : 0), "%d: weighs %g", i, kept[i]);
    }
    for (int block = 0; block < blocks; block++) {
        expect(same_bits(sums[block], plain_sums[block]), "block %d: the plain path's sum is another", block);
    }
}

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
        // Exponents of 2 down to -65: the difference, the factor and their product are each off by half an
        // ulp, 2.6e-6 at most.
        expect_error("sampling weight", fabs(weights[i] - exact) / (exact + 1e-30), 8e-6);
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

    const int64_t found = tested->between(x, count, 3, 20, places);
    int64_t expected = 0;
    for (int i = 0; i < count; i++) {
        if (x[i] < 3 || x[i] > 20) continue;
        expect(expected < found && places[expected] == i, "the place %d is missing", i);
        expected++;
    }
    expect(found == expected, "%d places, not %d", (int)found, (int)expected);
    check_order(tested, plain, x, weights, count, maximum);

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

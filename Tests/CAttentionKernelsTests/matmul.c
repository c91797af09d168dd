// The matrix product against sums in double precision.
#include "check.h"

#include <math.h>

typedef struct {
    int m, k, n;
    int a_row, c_row;
    float *a, *weights, *panels, *bias;
    double *products;    // [m][n], without bias and activation
    double *magnitudes;  // the same with every term's magnitude: what rounding errors are measured by
} Problem;

static double products[100 * 100], magnitudes[100 * 100];

static Problem make_problem(const ak_kernels *kernels, int m, int k, int n) {
    Problem p = {.m = m, .k = k, .n = n, .a_row = k + 3, .c_row = n + 2, .products = products, .magnitudes = magnitudes};
    const int width = kernels->max_vectors * kernels->lane_width;
    p.a = floats((int64_t)(m - 1) * p.a_row + k);
    p.weights = random_floats((int64_t)n * k);
    p.bias = random_floats(n);
    p.panels = floats((int64_t)(n + width - 1) / width * width * k);  // NaN in the lanes beyond n
    for (int i = 0; i < m; i++) {
        for (int x = 0; x < k; x++) p.a[i * p.a_row + x] = (float)random_number();
    }
    for (int j = 0; j < n; j++) {
        for (int x = 0; x < k; x++) p.panels[(j / width * k + x) * width + j % width] = p.weights[j * k + x];
    }
    for (int i = 0; i < m; i++) {
        for (int j = 0; j < n; j++) {
            double sum = 0, magnitude = 0;
            for (int x = 0; x < k; x++) {
                const double term = (double)p.a[i * p.a_row + x] * p.weights[j * k + x];
                sum += term;
                magnitude += fabs(term);
            }
            products[i * n + j] = sum;
            magnitudes[i * n + j] = magnitude;
        }
    }
    return p;
}

static ak_product call(const ak_kernels *kernels, const Problem *p, ak_activation activation, bool biased, float *c) {
    return (ak_product){
        .a = p->a, .a_row = p->a_row, .panels = p->panels,
        .panel_stride = (ptrdiff_t)p->k * kernels->max_vectors * kernels->lane_width, .c = c, .c_row = p->c_row,
        .bias = biased ? p->bias : NULL, .m = p->m, .k = p->k, .n = p->n, .activation = (int32_t)activation};
}

// The product with k cut in two.
static void multiply_in_parts(const ak_kernels *kernels, ak_product whole, int64_t cut) {
    const int width = kernels->max_vectors * kernels->lane_width;
    ak_product first = whole, second = whole;
    first.k = cut;
    first.bias = NULL;
    first.activation = AK_IDENTITY;
    second.k = whole.k - cut;
    second.a += cut;
    second.panels += cut * width;
    second.continues = 1;
    kernels->matmul.multiply(&first);
    kernels->matmul.multiply(&second);
}

static void check_product(const ak_kernels *kernels, const Problem *p, ak_activation activation, bool biased) {
    static float one[100];
    float *c = floats((int64_t)(p->m - 1) * p->c_row + p->n);
    const ak_product whole = call(kernels, p, activation, biased, c);
    kernels->matmul.multiply(&whole);
    double largest = 0;
    bool gaps = true, independent = true;
    for (int i = 0; i < p->m; i++) {
        ak_product row = whole;
        row.a += i * p->a_row;
        row.c = one;
        row.m = 1;
        if (i % 2 == 0) kernels->matmul.multiply(&row);
        else multiply_in_parts(kernels, row, i % (p->k + 1));
        for (int j = 0; j < p->n; j++) {
            const double bias = biased ? p->bias[j] : 0, got = c[i * p->c_row + j];
            const double want = reference_activation(activation, p->products[i * p->n + j] + bias);
            const double error = fabs(got - want) / (p->magnitudes[i * p->n + j] + fabs(bias) + 1e-30);
            if (!(error <= largest)) largest = error;
            independent = independent && same_bits(one[j], c[i * p->c_row + j]);
        }
        for (int j = p->n; j < p->c_row && i < p->m - 1; j++) gaps = gaps && isnan(c[i * p->c_row + j]);
    }
    expect_error(activation == AK_IDENTITY ? "matmul" : "matmul with activation", largest, 1e-6);
    expect(gaps, "something was written between the rows");
    expect(independent, "a row's bits depend on how many rows there are, or on where k is cut");
}

static void check_nothing(const ak_kernels *kernels) {
    working_on("%s matmul of nothing", kernels->name);
    float bias[3] = {1, 2, 3}, c[3] = {7, 7, 7}, none[1] = {NAN};
    ak_product product = {.a = none, .panels = none, .panel_stride = 100, .c = c, .c_row = 3, .bias = bias, .m = 0, .k = 1, .n = 3};
    kernels->matmul.multiply(&product);
    product.m = 1;
    product.n = 0;
    kernels->matmul.multiply(&product);
    expect(c[0] == 7 && c[1] == 7 && c[2] == 7, "an empty product wrote something");
    product.n = 3;
    product.k = 0;
    kernels->matmul.multiply(&product);
    expect(c[0] == 1 && c[1] == 2 && c[2] == 3, "a sum over nothing is not the bias");
}

static void check_copy_panel(const ak_kernels *kernels, int depth, int columns) {
    working_on("%s copy_panel %d × %d", kernels->name, depth, columns);
    const int width = kernels->max_vectors * kernels->lane_width, row = columns + 3;
    float *source = random_floats((int64_t)(depth - 1) * row + columns), *panel = floats((int64_t)depth * width);
    kernels->matmul.copy_panel(source, row, depth, columns, panel);
    bool equal = true;
    for (int k = 0; k < depth; k++) {
        for (int j = 0; j < width; j++) {
            equal = equal && same_bits(panel[k * width + j], j < columns ? source[k * row + j] : 0);
        }
    }
    expect(equal, "a number is not in its place");
    release_memory();
}

static void check_column_sums(const ak_kernels *kernels, int rows, int columns) {
    working_on("%s column_sums %d × %d", kernels->name, rows, columns);
    const int row = columns + 3;
    float *source = random_floats((int64_t)rows * row), *sums = floats(columns);
    kernels->matmul.column_sums(source, row, rows, columns, sums);
    double largest = 0;
    for (int j = 0; j < columns; j++) {
        double sum = 0, magnitude = 1e-30;
        for (int r = 0; r < rows; r++) {
            sum += source[r * row + j];
            magnitude += fabsf(source[r * row + j]);
        }
        const double error = fabs(sums[j] - sum) / magnitude;
        if (!(error <= largest)) largest = error;
    }
    expect_error("column_sums", largest, 3e-7);
    release_memory();
}

void check_matmul(const ak_kernels *kernels) {
    static const int ms[] = {1, 2, 3, 5, 6, 7, 8, 9, 13, 23, 100}, ks[] = {1, 2, 3, 17, 64, 100};
    static const int ns[] = {1, 3, 4, 5, 15, 16, 17, 33, 47, 48, 49, 100};
    for (int m = 0; m < COUNT(ms); m++) {
        for (int k = 0; k < COUNT(ks); k++) {
            for (int n = 0; n < COUNT(ns); n++) {
                working_on("%s matmul %d × %d × %d", kernels->name, ms[m], ks[k], ns[n]);
                const Problem problem = make_problem(kernels, ms[m], ks[k], ns[n]);
                for (int which = 0; which < 12; which++) {
                    check_product(kernels, &problem, (ak_activation)(which / 2), which % 2 == 1);
                }
                release_memory();
            }
        }
    }
    check_nothing(kernels);
    for (int columns = 1; columns <= kernels->max_vectors * kernels->lane_width; columns++) {
        check_copy_panel(kernels, columns % 3 + 1, columns);
        check_column_sums(kernels, columns * 5, columns);
    }
}

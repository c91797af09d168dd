// Vectors of what memory holds: parts of rows, and 16-bit floats.

// A row's numbers from `i` on as a vector; what lies beyond the row is `fill`.
INLINE vf load_part(const float *x, int64_t i, int64_t width, float fill) {
    if (i + VW <= width) return ld(x + i);
    float tail[VW];
    st(tail, bc(fill));
    __builtin_memcpy(tail, x + i, (size_t)(width - i) * sizeof(float));
    return ld(tail);
}

INLINE void store_part(float *x, int64_t i, int64_t width, vf value) {
    if (i + VW <= width) {
        st(x + i, value);
        return;
    }
    float tail[VW];
    st(tail, value);
    __builtin_memcpy(x + i, tail, (size_t)(width - i) * sizeof(float));
}

typedef uint16_t vh __attribute__((ext_vector_type(VW), aligned(1)));  // files need not align what they hold
typedef uint16_t FN(v16) __attribute__((ext_vector_type(VW), aligned(2)));

INLINE vf half_to_float(FN(v16) bits) {
#if HAVE_HALF
    typedef _Float16 half __attribute__((ext_vector_type(VW)));
    return __builtin_convertvector((half)bits, vf);
#else
    vu x = __builtin_convertvector(bits, vu), magnitude = x & 0x7fff;
    vf value = (vf)(magnitude << 13) * bc(0x1p112f);  // the exponents' biases differ by 112; subnormals come out right
    vu special = (vu)(magnitude >= (vu)0x7c00) & 0x7f800000;
    return (vf)((vu)value | special | (x & 0x8000) << 16);
#endif
}

#define STREAMED_ROWS 2  // so few rows read weights once, from memory: those are fetched ahead

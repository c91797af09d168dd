// Random numbers without a state: a number is a function of a key and a place, so that the backward pass
// draws the forward pass's numbers again, whatever the order, the blocks, the threads and the instruction
// set.
//
// A place is two 32-bit words, a key two more. Each word of the place is mixed with its word of the key, and
// the two results with each other: where one word is the same for a whole vector, only the last mix is vector
// work.

typedef uint32_t vu_unaligned __attribute__((ext_vector_type(VW), aligned(4)));

// A permutation of 32 bits in which every bit of the argument flips every bit of the result half of the time
// (constants by github.com/skeeto/hash-prospector, bias 0.11 %).
#define AK_MIX(type, name)               \
    INLINE type name(type x) {           \
        x = (x ^ (x >> 16)) * 0x21f0aaadu; \
        x = (x ^ (x >> 15)) * 0x735a2d97u; \
        return x ^ (x >> 15);            \
    }
AK_MIX(vu, mix_)
AK_MIX(uint32_t, mix_word)
#undef AK_MIX

// The numbers of places (low, high) under `key`: mix_(random_low_(key, low) ^ random_high(key, high)).
INLINE vu random_low_(uint64_t key, vu low) { return mix_(low ^ (vu)(uint32_t)key); }
INLINE uint32_t random_high(uint64_t key, uint32_t high) { return mix_word(high ^ (uint32_t)(key >> 32)); }

// The numbers of places at, at + 1 … of a line; a vector lies within one value of the upper word.
INLINE vu random_line_(uint64_t key, uint64_t at) {
    const vu low = (vu)iota_int() + (vu)(uint32_t)at;
    return mix_(random_low_(key, low) ^ (vu)random_high(key, (uint32_t)(at >> 32)));
}

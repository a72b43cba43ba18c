/* Vector operations that the Swift standard library spells lane by lane, leaving it to the optimizer to find the vector again:
 * multiply-add, choosing by a comparison, and the sums of four vectors at once. Inlined into each module of kernels with that
 * module's instructions. And what it does not spell at all: a hint to the cache, and moving lanes to places that are known
 * only at run time. */
#ifndef CSYSTEM_VECTORS_H
#define CSYSTEM_VECTORS_H

typedef float csystem_f4 __attribute__((vector_size(16)));
typedef float csystem_f8 __attribute__((vector_size(32)));
typedef float csystem_f16 __attribute__((vector_size(64)));
typedef double csystem_d2 __attribute__((vector_size(16)));
typedef double csystem_d4 __attribute__((vector_size(32)));
typedef double csystem_d8 __attribute__((vector_size(64)));

#define CSYSTEM_INLINE static inline __attribute__((always_inline))

/* Ask for the cache line of an address, which need not be a valid one. */
CSYSTEM_INLINE void csystem_prefetch(const void *address) { __builtin_prefetch(address, 0, 3); }

/* c + a b: one rounding where the target has such an instruction, else two. */
#define CSYSTEM_MULTIPLY_ADD(type, name)                                          \
  CSYSTEM_INLINE type csystem_multiply_add_##name(type a, type b, type c) {       \
    _Pragma("STDC FP_CONTRACT ON") return a * b + c;                              \
  }
CSYSTEM_MULTIPLY_ADD(csystem_f4, f4)
CSYSTEM_MULTIPLY_ADD(csystem_d2, d2)
#if defined(__AVX__)
CSYSTEM_MULTIPLY_ADD(csystem_f8, f8)
CSYSTEM_MULTIPLY_ADD(csystem_d4, d4)
#endif
#if defined(__AVX512F__)
CSYSTEM_MULTIPLY_ADD(csystem_f16, f16)
CSYSTEM_MULTIPLY_ADD(csystem_d8, d8)
#endif
#undef CSYSTEM_MULTIPLY_ADD

/* Lane by lane: x where a < b (below) or a <= b (at most), else y. */
#define CSYSTEM_CHOOSE(type, bits, size, name)                                                         \
  typedef bits csystem_bits_##name __attribute__((vector_size(size)));                                \
  CSYSTEM_INLINE type csystem_choose_##name(csystem_bits_##name mask, type x, type y) {               \
    return (type)((mask & (csystem_bits_##name)x) | (~mask & (csystem_bits_##name)y));                \
  }                                                                                                   \
  CSYSTEM_INLINE type csystem_below_##name(type a, type b, type x, type y) {                          \
    return csystem_choose_##name((csystem_bits_##name)(a < b), x, y);                                 \
  }                                                                                                   \
  CSYSTEM_INLINE type csystem_at_most_##name(type a, type b, type x, type y) {                        \
    return csystem_choose_##name((csystem_bits_##name)(a <= b), x, y);                                \
  }
CSYSTEM_CHOOSE(csystem_f4, int, 16, f4)
CSYSTEM_CHOOSE(csystem_d2, long long, 16, d2)
#if defined(__AVX__)
CSYSTEM_CHOOSE(csystem_f8, int, 32, f8)
CSYSTEM_CHOOSE(csystem_d4, long long, 32, d4)
#endif
#if defined(__AVX512F__)
CSYSTEM_CHOOSE(csystem_f16, int, 64, f16)
CSYSTEM_CHOOSE(csystem_d8, long long, 64, d8)
#endif
#undef CSYSTEM_CHOOSE

/* The lane sums of a, b, c and d. Pairs are interleaved and added within each 16 bytes first, where shuffles are cheap. */
CSYSTEM_INLINE csystem_f4 csystem_sums_f4(csystem_f4 a, csystem_f4 b, csystem_f4 c, csystem_f4 d) {
  csystem_f4 ab = __builtin_shufflevector(a, b, 0, 4, 1, 5) + __builtin_shufflevector(a, b, 2, 6, 3, 7);
  csystem_f4 cd = __builtin_shufflevector(c, d, 0, 4, 1, 5) + __builtin_shufflevector(c, d, 2, 6, 3, 7);
  return __builtin_shufflevector(ab, cd, 0, 1, 4, 5) + __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
}

#if defined(__AVX__)
CSYSTEM_INLINE csystem_f4 csystem_sums_f8(csystem_f8 a, csystem_f8 b, csystem_f8 c, csystem_f8 d) {
  csystem_f8 ab = __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13) +
                  __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15);
  csystem_f8 cd = __builtin_shufflevector(c, d, 0, 8, 1, 9, 4, 12, 5, 13) +
                  __builtin_shufflevector(c, d, 2, 10, 3, 11, 6, 14, 7, 15);
  csystem_f8 abcd = __builtin_shufflevector(ab, cd, 0, 1, 8, 9, 4, 5, 12, 13) +
                    __builtin_shufflevector(ab, cd, 2, 3, 10, 11, 6, 7, 14, 15);
  return __builtin_shufflevector(abcd, abcd, 0, 1, 2, 3) + __builtin_shufflevector(abcd, abcd, 4, 5, 6, 7);
}

/* (sums of a, of b, of c, of d), each of four lanes. */
CSYSTEM_INLINE csystem_d4 csystem_sums_d4(csystem_d4 a, csystem_d4 b, csystem_d4 c, csystem_d4 d) {
  csystem_d4 ab = __builtin_shufflevector(a, b, 0, 4, 2, 6) + __builtin_shufflevector(a, b, 1, 5, 3, 7);
  csystem_d4 cd = __builtin_shufflevector(c, d, 0, 4, 2, 6) + __builtin_shufflevector(c, d, 1, 5, 3, 7);
  return __builtin_shufflevector(ab, cd, 0, 1, 4, 5) + __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
}
#endif

/* Which of the 16 numbers from `values` on have a magnitude above one given: a bit each, the first number's the lowest. Both
 * are the bits of floating-point numbers, the limit's without a sign, so that their difference is negative where a magnitude
 * is above it; NaN counts as above. */
#if defined(__SSE2__)
typedef int csystem_i4 __attribute__((vector_size(16)));
typedef long long csystem_l2 __attribute__((vector_size(16)));
typedef csystem_i4 csystem_unaligned_i4 __attribute__((aligned(4)));
typedef csystem_l2 csystem_unaligned_l2 __attribute__((aligned(8)));
CSYSTEM_INLINE unsigned csystem_above_32(const void *values, int limit) {
  unsigned above = 0;
  for (int i = 0; i < 4; i++) {
    csystem_i4 magnitude = ((const csystem_unaligned_i4 *)values)[i] & 0x7fffffff;
    above |= (unsigned)__builtin_ia32_movmskps((csystem_f4)(limit - magnitude)) << (4 * i);
  }
  return above;
}
CSYSTEM_INLINE unsigned csystem_above_64(const void *values, long long limit) {
  unsigned above = 0;
  for (int i = 0; i < 8; i++) {
    csystem_l2 magnitude = ((const csystem_unaligned_l2 *)values)[i] & 0x7fffffffffffffff;
    above |= (unsigned)__builtin_ia32_movmskpd((csystem_d2)(limit - magnitude)) << (2 * i);
  }
  return above;
}
#else
#define CSYSTEM_ABOVE(type, bits, most)                                                               \
  CSYSTEM_INLINE unsigned csystem_above_##bits(const void *values, type limit) {                      \
    unsigned above = 0;                                                                               \
    for (int i = 0; i < 16; i++) above |= (unsigned)((((const type *)values)[i] & most) > limit) << i; \
    return above;                                                                                     \
  }
CSYSTEM_ABOVE(int, 32, 0x7fffffff)
CSYSTEM_ABOVE(long long, 64, 0x7fffffffffffffff)
#undef CSYSTEM_ABOVE
#endif

/* Squares of four by four lanes, one in each four of a vector: with a, b, c, d as their rows, low and high of (a, b) and (c, d)
 * and then low_pairs and high_pairs of what comes out are the rows of their transposes. */
#define CSYSTEM_SQUARES(type, name, ...)                                                              \
  CSYSTEM_INLINE type csystem_##name(type a, type b) { return __builtin_shufflevector(a, b, __VA_ARGS__); }
CSYSTEM_SQUARES(csystem_f4, low_f4, 0, 4, 1, 5)
CSYSTEM_SQUARES(csystem_f4, high_f4, 2, 6, 3, 7)
CSYSTEM_SQUARES(csystem_f4, low_pairs_f4, 0, 1, 4, 5)
CSYSTEM_SQUARES(csystem_f4, high_pairs_f4, 2, 3, 6, 7)
#if defined(__AVX__)
CSYSTEM_SQUARES(csystem_f8, low_f8, 0, 8, 1, 9, 4, 12, 5, 13)
CSYSTEM_SQUARES(csystem_f8, high_f8, 2, 10, 3, 11, 6, 14, 7, 15)
CSYSTEM_SQUARES(csystem_f8, low_pairs_f8, 0, 1, 8, 9, 4, 5, 12, 13)
CSYSTEM_SQUARES(csystem_f8, high_pairs_f8, 2, 3, 10, 11, 6, 7, 14, 15)
CSYSTEM_SQUARES(csystem_d4, low_d4, 0, 4, 1, 5)
CSYSTEM_SQUARES(csystem_d4, high_d4, 2, 6, 3, 7)
CSYSTEM_SQUARES(csystem_d4, low_pairs_d4, 0, 1, 4, 5)
CSYSTEM_SQUARES(csystem_d4, high_pairs_d4, 2, 3, 6, 7)
#endif
#undef CSYSTEM_SQUARES

/* Lanes in places that a mask gives: expand puts consecutive elements where the mask has a 1, in order, and 0 elsewhere;
 * compress puts the lanes where the mask has a 1 first, in order, and anything behind them; keep leaves those lanes where they
 * are, and 0 elsewhere. Memory is read as a whole vector
 * from `source` on. `lanes` is the entry of a table for the mask, made by the caller: for each place the number of the lane to
 * put there, in 4-byte units, below 0 for a zero. */
#if defined(__AVX512VL__)
CSYSTEM_INLINE csystem_f8 csystem_expand_f8(const float *source, unsigned mask) {
  return __builtin_ia32_expandloadsf256_mask((const csystem_f8 *)source, (csystem_f8){0}, (unsigned char)mask);
}
CSYSTEM_INLINE csystem_d8 csystem_expand_d8(const double *source, unsigned mask) {
  return __builtin_ia32_expandloaddf512_mask((const csystem_d8 *)source, (csystem_d8){0}, (unsigned char)mask);
}
CSYSTEM_INLINE csystem_f8 csystem_compress_f8(csystem_f8 vector, unsigned mask) {
  return __builtin_ia32_compresssf256_mask(vector, (csystem_f8){0}, (unsigned char)mask);
}
CSYSTEM_INLINE csystem_d8 csystem_compress_d8(csystem_d8 vector, unsigned mask) {
  return __builtin_ia32_compressdf512_mask(vector, (csystem_d8){0}, (unsigned char)mask);
}
CSYSTEM_INLINE csystem_f8 csystem_keep_f8(csystem_f8 vector, unsigned mask) {
  return __builtin_ia32_selectps_256((unsigned char)mask, vector, (csystem_f8){0});
}
CSYSTEM_INLINE csystem_d8 csystem_keep_d8(csystem_d8 vector, unsigned mask) {
  return __builtin_ia32_selectpd_512((unsigned char)mask, vector, (csystem_d8){0});
}
#elif defined(__AVX2__)
typedef signed char csystem_lanes __attribute__((vector_size(8)));
typedef int csystem_i8 __attribute__((vector_size(32)));
typedef float csystem_unaligned_f8 __attribute__((vector_size(32), aligned(4)));
CSYSTEM_INLINE csystem_i8 csystem_lane_numbers(const void *lanes) {
  return __builtin_convertvector(*(const csystem_lanes *)lanes, csystem_i8);
}
CSYSTEM_INLINE csystem_f8 csystem_expand_f8(const void *source, const void *lanes) {
  csystem_i8 numbers = csystem_lane_numbers(lanes);
  csystem_f8 moved = __builtin_ia32_permvarsf256(*(const csystem_unaligned_f8 *)source, numbers);
  return __builtin_ia32_blendvps256(moved, (csystem_f8){0}, (csystem_f8)numbers);
}
/* `lanes` as for expand. */
CSYSTEM_INLINE csystem_f8 csystem_keep_f8(csystem_f8 vector, const void *lanes) {
  return __builtin_ia32_blendvps256(vector, (csystem_f8){0}, (csystem_f8)csystem_lane_numbers(lanes));
}
CSYSTEM_INLINE csystem_f8 csystem_compress_f8(csystem_f8 vector, const void *lanes) {
  return __builtin_ia32_permvarsf256(vector, csystem_lane_numbers(lanes));
}
#endif

#undef CSYSTEM_INLINE
#endif

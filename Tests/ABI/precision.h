/* Every C test is compiled twice, with PRECISION 32 and 64. F(name) is the function of that precision, OTHER(name) its twin. */
#ifndef PRECISION_H
#define PRECISION_H

#include <espalier.h>

#if PRECISION == 32
typedef float real;
typedef double other_real;
#define F(name) name##_f32
#define OTHER(name) name##_f64
#define OURS ESPALIER_FLOAT32
#define THEIRS ESPALIER_FLOAT64
#define EPSILON 1.1920929e-7
#elif PRECISION == 64
typedef double real;
typedef float other_real;
#define F(name) name##_f64
#define OTHER(name) name##_f32
#define OURS ESPALIER_FLOAT64
#define THEIRS ESPALIER_FLOAT32
#define EPSILON 2.220446049250313e-16
#else
#error "compile with -DPRECISION=32 or 64"
#endif

#endif

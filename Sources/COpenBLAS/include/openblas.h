/* OpenBLAS and LAPACKE, opened when they are first needed. C, because the types of their functions are those of their headers,
 * because every thread must find the functions without a lock of Swift's, and because a fork must find OpenBLAS idle.
 *
 * They are opened by name and asked for each function, and see their own symbols before those of the program. Linked, they
 * would be at the mercy of whatever else in the process defines cblas_sgemm or dgemm_, with integers of 64 bits perhaps. */
#ifndef OPENBLAS_H
#define OPENBLAS_H

#include <stddef.h>
#include <stdint.h>

enum { COPENBLAS_OK = 0, COPENBLAS_UNUSABLE, COPENBLAS_NO_MEMORY };

/* Open the libraries, if they are not open yet, and see to it that `callers` threads find memory in OpenBLAS when they call it
 * at the same time. What it has once taken it keeps. A failure leaves a message. */
int copenblas_reserve(int callers, char *message, size_t capacity);

/* Whether the products and factorisations have been found to be right, since the libraries were opened. */
int copenblas_is_verified(void);
void copenblas_set_verified(void);
/* The file that holds a function: one that the library calls, "cblas_sgemm" say, or any other by which the program's libraries
 * would find it; the text stays. */
const char *copenblas_file(const char *function);

/* Threads of OpenBLAS's own: for the whole process, or for each thread in a build on OpenMP. 1 before it is opened. */
int copenblas_is_on_openmp(void);
int copenblas_threads(void);
void copenblas_set_threads(int threads);

/* c = alpha op(a) op(b) + beta c, row-major; op(a): m x k, op(b): k x n. Sizes fit 32 bits. */
void copenblas_sgemm(int transpose_a, int transpose_b, long m, long n, long k, float alpha, const float *a, long lda,
                     const float *b, long ldb, float beta, float *c, long ldc);
void copenblas_dgemm(int transpose_a, int transpose_b, long m, long n, long k, double alpha, const double *a, long lda,
                     const double *b, long ldb, double beta, double *c, long ldc);
/* The upper triangle of a += alpha x x^T, row-major. */
void copenblas_dsyr(long n, double alpha, const double *x, double *a, long lda);

/* LAPACK on column-major arrays, in memory of the caller's: info is returned. With `size` -1 the size that `work` should have
 * is put into work[0]. */
int copenblas_sgeqrf(int rows, int columns, float *a, float *tau, float *work, int size);
int copenblas_dgeqrf(int rows, int columns, double *a, double *tau, double *work, int size);
int copenblas_sorgqr(int rows, int columns, float *a, const float *tau, float *work, int size);
int copenblas_dorgqr(int rows, int columns, double *a, const double *tau, double *work, int size);
/* On lower triangles. */
int copenblas_dpotrf(int n, double *a, int lda);
int copenblas_dpotri(int n, double *a, int lda);
int copenblas_dpotrs(int n, const double *a, int lda, double *b);

#endif

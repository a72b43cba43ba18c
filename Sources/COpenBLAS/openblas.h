/* Where the compiler finds CBLAS (dense products) and LAPACKE (factorisations), from libopenblas-dev and liblapacke-dev. */
#include <cblas.h>
#include <lapacke.h>

/* Libraries of the host's that have functions with the names of BLAS, LAPACK and OpenBLAS take no call of the library's. This
   program has such functions itself, which count; compiled with ILP64 it is linked with an OpenBLAS of 64-bit integers instead.
   It is not linked with the OpenBLAS that the library uses. */
#include <math.h>
#include <stdio.h>

#include "fixture.h"

enum { IN = 48, OUT = 160, BATCH = 200 };

static real x[BATCH * IN], target[BATCH * OUT], y[BATCH * OUT];

#if defined(ILP64)
double ddot_(const int64_t *n, const double *x, const int64_t *step_x, const double *y, const int64_t *step_y);

static void check_the_hosts(void) {
  static const double a[] = {1, 2, 3};
  /* More than 32 bits, of which the lower ones say 3. */
  static const int64_t three = 3, one = 1, none = -(INT64_C(1) << 40) + 3;
  CHECK(ddot_(&three, a, &one, a, &one) == 14 && ddot_(&none, a, &one, a, &one) == 0);
}
#else
static const char *taken;
#define FOREIGN(name) \
  int name(void);     \
  int name(void) {    \
    taken = #name;    \
    return 0;         \
  }
#define REAL(name) FOREIGN(s##name) FOREIGN(d##name)
FOREIGN(cblas_sgemm) FOREIGN(cblas_dgemm) FOREIGN(cblas_dsyr)
REAL(gemm_) REAL(gemv_) REAL(ger_) REAL(trmm_) REAL(trmv_) REAL(trsm_) REAL(trsv_) REAL(syrk_) REAL(syr_) REAL(nrm2_)
REAL(scal_) REAL(dot_) REAL(axpy_) REAL(copy_) REAL(swap_) FOREIGN(isamax_) FOREIGN(idamax_)
REAL(geqrf_) REAL(geqr2_) REAL(orgqr_) REAL(org2r_) REAL(larf_) REAL(larfb_) REAL(larfg_) REAL(larft_) REAL(lapy2_) REAL(lamch_)
REAL(potrf_) REAL(potrf2_) REAL(potri_) REAL(potrs_) REAL(trtri_) REAL(lauum_) FOREIGN(ilaenv_) FOREIGN(lsame_) FOREIGN(xerbla_)
FOREIGN(ilaslc_) FOREIGN(ilaslr_) FOREIGN(iladlc_) FOREIGN(iladlr_)
FOREIGN(LAPACKE_sgeqrf) FOREIGN(LAPACKE_dgeqrf) FOREIGN(LAPACKE_sorgqr) FOREIGN(LAPACKE_dorgqr) FOREIGN(LAPACKE_dpotrf)
FOREIGN(LAPACKE_dpotri) FOREIGN(LAPACKE_dpotrs) FOREIGN(LAPACKE_sgeqrf_work) FOREIGN(LAPACKE_dgeqrf_work)
FOREIGN(LAPACKE_sorgqr_work) FOREIGN(LAPACKE_dorgqr_work) FOREIGN(LAPACKE_dpotrf_work) FOREIGN(LAPACKE_dpotri_work)
FOREIGN(LAPACKE_dpotrs_work) FOREIGN(LAPACKE_xerbla) FOREIGN(LAPACKE_lsame)
FOREIGN(openblas_set_num_threads) FOREIGN(openblas_get_num_threads) FOREIGN(openblas_get_parallel) FOREIGN(openblas_get_config)
FOREIGN(goto_set_num_threads) FOREIGN(blas_memory_alloc) FOREIGN(blas_memory_free) FOREIGN(blas_thread_init) FOREIGN(exec_blas)
int blas_cpu_number = 77, blas_num_threads = 77;

static void check_the_hosts(void) {
  if (taken != NULL) printf("%s is called\n", taken);
  CHECK(taken == NULL && blas_cpu_number == 77 && blas_num_threads == 77);
}
#endif

static espalier_network *make(double density, int initializer) {
  espalier_network *network = NULL;
  espalier_optimizer *optimizer = make_optimizer(ESPALIER_SGD, 0.01);
  OK(espalier_network_create(OURS, IN, 1, &network));
  OK(espalier_network_add_linear(network, OUT, density, ESPALIER_IDENTITY));
  OK(espalier_layer_set(network, 1, "initializer", initializer));
  OK(espalier_network_set_optimizer(network, 0, optimizer));
  OK(espalier_network_set_threads(network, 2));
  OK(espalier_network_build(network, BATCH));
  OK(espalier_optimizer_destroy(optimizer));
  return network;
}

static void products(void) {
  espalier_network *network = make(1, ESPALIER_ORTHOGONAL);
  real *w, *dw, *bias, *dbias;
  int64_t connections, units, i, j, k;
  double loss, worst = 0;
  OK(F(espalier_layer_parameters)(network, 1, &w, &dw, &connections, &bias, &dbias, &units));
  /* Tall: the columns are orthonormal. */
  for (i = 0; i < IN; i++)
    for (j = 0; j < IN; j++) {
      double sum = i == j ? -1 : 0;
      for (k = 0; k < OUT; k++) sum += (double)w[k * IN + i] * (double)w[k * IN + j];
      worst = fmax(worst, fabs(sum));
    }
  CHECK(worst < 30 * EPSILON);
  for (i = 0; i < 3; i++) OK(F(espalier_network_train_step)(network, x, target, BATCH, &loss));
  OK(F(espalier_network_forward)(network, x, BATCH, y));
  worst = 0;
  for (i = 0; i < BATCH; i++)
    for (j = 0; j < OUT; j++) {
      double sum = (double)bias[j] - (double)y[i * OUT + j];
      for (k = 0; k < IN; k++) sum += (double)w[j * IN + k] * (double)x[i * IN + k];
      worst = fmax(worst, fabs(sum));
    }
  /* Sums of 48 products below 1. */
  CHECK(worst < 48 * EPSILON);
  OK(espalier_network_destroy(network));
  check_the_hosts();
}

static void prunings(void) {
  int criterion;
  for (criterion = ESPALIER_PRUNE_RANDOM; criterion <= ESPALIER_PRUNE_SPARSEGPT; criterion++) {
    espalier_network *network = make(criterion % 2 ? 1 : 0.9, ESPALIER_GLOROT_NORMAL);
    espalier_pruning *pruning = make_pruning(criterion, 0.4);
    OK(F(espalier_network_prune)(network, pruning, x, target, BATCH));
    CHECK(layer_value(network, 1, "connections") == IN * OUT * 2 / 5);
    OK(espalier_pruning_destroy(pruning));
    OK(espalier_network_destroy(network));
  }
  check_the_hosts();
}

static void growth(void) {
  espalier_network *network = make(0.2, ESPALIER_HE_NORMAL);
  espalier_topology *topology = make_topology(ESPALIER_RIGL, 1);
  double loss;
  int i;
  OK(espalier_network_set_topology(network, 0, topology));
  for (i = 0; i < 5; i++) OK(F(espalier_network_train_step)(network, x, target, BATCH, &loss));
  CHECK(layer_value(network, 1, "topology_updates") > 0);
  OK(espalier_topology_destroy(topology));
  OK(espalier_network_destroy(network));
  check_the_hosts();
}

int main(void) {
  static const struct test tests[] = {TEST(products), TEST(prunings), TEST(growth)};
  fill(x, LENGTH(x), 1);
  fill(target, LENGTH(target), 2);
  return run_tests(tests, LENGTH(tests));
}

/* A program that is linked with OpenBLAS and LAPACKE, and puts a function of its own in the place of one that LAPACK calls;
   compiled with ILP64, the functions of an OpenBLAS with 64-bit integers. The library cannot choose then which function LAPACK
   calls: what needs OpenBLAS is refused, with the name of the file, and all else works. */
#include <string.h>

#include "fixture.h"

#if defined(ILP64)
#define WHERE "openblas64"
/* So that the linker keeps it. */
double ddot_(const int64_t *n, const double *x, const int64_t *step_x, const double *y, const int64_t *step_y);
static const int64_t none = 0, one = 1;
static double used(void) {
  double x = 1;
  return ddot_(&none, &x, &one, &x, &one);
}
#else
#define WHERE "wrong_blas"
void sgemm_(void);
void dgemm_(void);
void sgemm_(void) {}
void dgemm_(void) {}
static double used(void) { return 0; }
#endif

static real x[MAX_BATCH * INPUTS], target[MAX_BATCH * OUTPUTS];

static espalier_network *describe(double density) {
  espalier_network *network = NULL;
  espalier_optimizer *optimizer = make_optimizer(ESPALIER_ADAM, 0.01);
  OK(espalier_network_create(OURS, INPUTS, 1, &network));
  OK(espalier_network_add_linear(network, OUTPUTS, density, ESPALIER_IDENTITY));
  OK(espalier_network_set_optimizer(network, 0, optimizer));
  OK(espalier_optimizer_destroy(optimizer));
  return network;
}

static void what_needs_openblas_is_refused(void) {
  espalier_network *network = describe(1);
  int i;
  for (i = 0; i < 2; i++)
    REFUSES(network, ESPALIER_ERROR_NUMERICAL, "OpenBLAS", WHERE, espalier_network_build(network, MAX_BATCH));
  OK(espalier_network_destroy(network));
}

static void what_does_not_works(void) {
  espalier_network *network = describe(0.5);
  espalier_topology *topology = make_topology(ESPALIER_RIGL, 1);
  espalier_pruning *pruning = make_pruning(ESPALIER_PRUNE_MAGNITUDE, 0.2);
  double loss;
  OK(espalier_network_build(network, MAX_BATCH));
  OK(F(espalier_network_train_step)(network, x, target, MAX_BATCH, &loss));
  REFUSES(network, ESPALIER_ERROR_NUMERICAL, "OpenBLAS", WHERE, espalier_network_set_topology(network, 0, topology));
  OK(F(espalier_network_prune)(network, pruning, NULL, NULL, 0));
  OK(espalier_pruning_destroy(pruning));
  pruning = make_pruning(ESPALIER_PRUNE_OBS, 0.1);
  REFUSES(network, ESPALIER_ERROR_NUMERICAL, "OpenBLAS", WHERE,
          F(espalier_network_prune)(network, pruning, x, target, MAX_BATCH));
  OK(F(espalier_network_train_step)(network, x, target, MAX_BATCH, &loss));
  OK(espalier_topology_destroy(topology));
  OK(espalier_pruning_destroy(pruning));
  OK(espalier_network_destroy(network));
}

int main(void) {
  static const struct test tests[] = {TEST(what_needs_openblas_is_refused), TEST(what_does_not_works)};
  fill(x, LENGTH(x), 1);
  fill(target, LENGTH(target), 2);
  return used() != 0 || run_tests(tests, LENGTH(tests));
}

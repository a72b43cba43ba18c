/* A program outside the tree: it learns the mean of its inputs with an installed Espalier. */
#include <espalier.h>
#include <stdio.h>

#define CHECK(call)                                                                     \
  if ((call) != ESPALIER_OK) {                                                          \
    fprintf(stderr, "%s\n", espalier_last_error());                                     \
    return 1;                                                                           \
  }

int main(void) {
  espalier_network *network = NULL;
  espalier_optimizer *adam = NULL;
  double x[8][6], target[8], loss = 0;
  int i, j;
  for (i = 0; i < 8; i++)
    for (target[i] = 0, j = 0; j < 6; j++) target[i] += (x[i][j] = ((i * 7 + j * 3) % 11) / 11.0 - 0.5) / 6;
  CHECK(espalier_network_create(ESPALIER_FLOAT64, 6, 1, &network));
  CHECK(espalier_network_add_linear(network, 12, 0.5, ESPALIER_TANH));
  CHECK(espalier_network_add_linear(network, 1, 1, ESPALIER_IDENTITY));
  CHECK(espalier_optimizer_create(ESPALIER_ADAM, &adam));
  CHECK(espalier_optimizer_set(adam, "learning_rate", 0.01));
  CHECK(espalier_network_set_optimizer(network, ESPALIER_ALL_LAYERS, adam));
  CHECK(espalier_network_build(network, 8));
  for (i = 0; i < 500; i++) CHECK(espalier_network_train_step_f64(network, &x[0][0], target, 8, &loss));
  CHECK(espalier_optimizer_destroy(adam));
  CHECK(espalier_network_destroy(network));
  printf("espalier %s, loss %g\n", espalier_version(), loss);
  return loss < 1e-3 ? 0 : 1;
}

/* A network with a fifth of its connections learns y = sin(3 x1) + x2^2 from 2,000 points. */
#include <espalier.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { SAMPLES = 2000, BATCH = 50, EPOCHS = 75 };

static void check(int status) {
  if (status == ESPALIER_OK) return;
  fprintf(stderr, "%s: %s\n", espalier_status_string(status), espalier_last_error());
  exit(EXIT_FAILURE);
}

int main(void) {
  static float x[SAMPLES][2], y[SAMPLES][1];
  for (int i = 0; i < SAMPLES; i++) {
    for (int j = 0; j < 2; j++) x[i][j] = (float)rand() / (float)RAND_MAX;
    y[i][0] = sinf(3 * x[i][0]) + x[i][1] * x[i][1];
  }

  espalier_network *net = NULL;
  check(espalier_network_create(ESPALIER_FLOAT32, 2, 42, &net));
  check(espalier_network_add_linear(net, 64, 1.0, ESPALIER_TANH));
  check(espalier_network_add_linear(net, 64, 0.2, ESPALIER_TANH));
  check(espalier_network_add_linear(net, 1, 1.0, ESPALIER_IDENTITY));

  espalier_optimizer *adam = NULL;
  check(espalier_optimizer_create(ESPALIER_ADAM, &adam));
  check(espalier_optimizer_set(adam, "learning_rate", 0.005));
  check(espalier_network_set_optimizer(net, ESPALIER_ALL_LAYERS, adam));
  check(espalier_optimizer_destroy(adam));

  espalier_topology *rigl = NULL;
  check(espalier_topology_create(ESPALIER_RIGL, &rigl));
  check(espalier_topology_set(rigl, "every", 50));
  check(espalier_topology_set(rigl, "until", 2000));
  check(espalier_network_set_topology(net, ESPALIER_ALL_LAYERS, rigl));
  check(espalier_topology_destroy(rigl));

  check(espalier_network_build(net, BATCH));

  /* Parameters and gradients live in this program's arrays. */
  int64_t n = 0;
  check(espalier_network_parameter_count(net, &n));
  float *w = malloc((size_t)n * sizeof *w), *dw = malloc((size_t)n * sizeof *dw);
  if (w == NULL || dw == NULL) return EXIT_FAILURE;
  check(espalier_network_bind_f32(net, w, dw, n));

  double loss = 0;
  for (int epoch = 1; epoch <= EPOCHS; epoch++)
    check(espalier_network_train_epoch_f32(net, &x[0][0], &y[0][0], SAMPLES, BATCH, 1, NULL, NULL, &loss));

  check(espalier_network_evaluate_f32(net, &x[0][0], &y[0][0], SAMPLES, &loss));
  printf("mean squared error %.2e with %lld parameters\n", loss, (long long)n);

  check(espalier_network_destroy(net));
  free(w);
  free(dw);
  return EXIT_SUCCESS;
}

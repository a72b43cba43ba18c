/* Trains 4096-4096-4096-10 at density 0.01, the last layer dense, with Adam, and says how much memory that took.
   memory THREADS: prints "name value" lines; VmHWM is the process's largest resident size so far, in kB. */
#include <espalier.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE = 4096, CLASSES = 10, BATCH = 128, STEPS = 20 };

static void check(int status) {
  if (status == ESPALIER_OK) return;
  fprintf(stderr, "%s: %s\n", espalier_status_string(status), espalier_last_error());
  exit(1);
}

static long largest_kb(void) {
  char line[200];
  long kb = 0;
  FILE *status = fopen("/proc/self/status", "r");
  if (status == NULL) exit(1);
  while (fgets(line, sizeof line, status) != NULL)
    if (strncmp(line, "VmHWM:", 6) == 0) kb = atol(line + 6);
  fclose(status);
  return kb;
}

int main(int count, char **arguments) {
  static float x[BATCH][SIZE];
  static int32_t labels[BATCH];
  espalier_network *network = NULL;
  espalier_optimizer *adam = NULL;
  double loss, connections = 0, bytes;
  int64_t parameters;
  long before;

  for (int i = 0; i < BATCH; i++) {
    labels[i] = i % CLASSES;
    for (int j = 0; j < SIZE; j++) x[i][j] = (float)((i * 31 + j * 17) % 97) / 97 - 0.5f;
  }
  espalier_version();
  before = largest_kb();

  check(espalier_network_create(ESPALIER_FLOAT32, SIZE, 1, &network));
  check(espalier_network_add_linear(network, SIZE, 0.01, ESPALIER_RELU));
  check(espalier_network_add_linear(network, SIZE, 0.01, ESPALIER_RELU));
  check(espalier_network_add_linear(network, CLASSES, 1, ESPALIER_IDENTITY));
  check(espalier_network_set_loss(network, ESPALIER_SOFTMAX_CROSS_ENTROPY));
  check(espalier_optimizer_create(ESPALIER_ADAM, &adam));
  check(espalier_network_set_optimizer(network, ESPALIER_ALL_LAYERS, adam));
  check(espalier_network_set_threads(network, count > 1 ? atoi(arguments[1]) : 1));
  check(espalier_network_build(network, BATCH));
  for (int step = 0; step < STEPS; step++) check(espalier_network_train_step_labels_f32(network, x[0], labels, BATCH, &loss));

  for (int layer = 1; layer <= 2; layer++) {
    double value;
    check(espalier_layer_get(network, layer, "connections", &value));
    connections += value;
  }
  check(espalier_network_parameter_count(network, &parameters));
  check(espalier_network_get(network, "bytes", &bytes));
  printf("before_kb %ld\npeak_kb %ld\nparameters %lld\nsparse_connections %.0f\nheld_bytes %.0f\n", before, largest_kb(),
         (long long)parameters, connections, bytes);
  check(espalier_optimizer_destroy(adam));
  check(espalier_network_destroy(network));
  return 0;
}

/* Programs that open the library themselves and close it again. This one is not linked with it, nor with the helpers of the
   other tests, which are. */
#include <dlfcn.h>
#include <espalier.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { THREADS = 2000, TOGETHER = 4, WIDE = 128 };

static int failed, passed;
static float x[WIDE * WIDE];

static void check(int condition, const char *what) {
  if (condition) return;
  __atomic_fetch_add(&failed, 1, __ATOMIC_RELAXED);
  printf("not true: %s\n", what);
}
#define CHECK(condition) check((condition) ? 1 : 0, #condition)

/* A function of the library's by its name; the types are the header's. */
#define FIND(name) __typeof__(name) *name = NULL; *(void **)&name = dlsym(library, #name)
#define LIBRARY "libespalier.so.0"

static void *fail_a_call(void *unused) {
  void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
  FIND(espalier_network_create);
  FIND(espalier_last_error);
  (void)unused;
  CHECK(espalier_network_create(ESPALIER_FLOAT32, 5, 1, NULL) == ESPALIER_ERROR_NULL_ARGUMENT);
  CHECK(strstr(espalier_last_error(), "network") != NULL);
  CHECK(dlclose(library) == 0);
  return NULL;
}

static int free_keys(void) {
  static pthread_key_t keys[4096];
  int count = 0, i;
  while (count < 4096 && pthread_key_create(&keys[count], NULL) == 0) count++;
  for (i = 0; i < count; i++) pthread_key_delete(keys[i]);
  return count;
}

static void threads_that_fail_a_call_and_end(void) {
  int i, j, keys;
  fail_a_call(NULL);
  keys = free_keys();
  for (i = 0; i < THREADS / TOGETHER; i++) {
    pthread_t threads[TOGETHER];
    for (j = 0; j < TOGETHER; j++) CHECK(pthread_create(&threads[j], NULL, fail_a_call, NULL) == 0);
    for (j = 0; j < TOGETHER; j++) pthread_join(threads[j], NULL);
  }
  CHECK(free_keys() == keys);
}

static espalier_network *network;

static void *build(void *unused) {
  void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
  espalier_optimizer *optimizer = NULL;
  double loss;
  FIND(espalier_network_create);
  FIND(espalier_network_add_linear);
  FIND(espalier_optimizer_create);
  FIND(espalier_optimizer_destroy);
  FIND(espalier_network_set_optimizer);
  FIND(espalier_network_set_threads);
  FIND(espalier_network_build);
  FIND(espalier_network_train_step_f32);
  (void)unused;
  CHECK(espalier_network_create(ESPALIER_FLOAT32, WIDE, 1, &network) == 0);
  CHECK(espalier_network_add_linear(network, WIDE, 1, ESPALIER_RELU) == 0);
  CHECK(espalier_optimizer_create(ESPALIER_SGD, &optimizer) == 0);
  CHECK(espalier_network_set_optimizer(network, 0, optimizer) == 0);
  CHECK(espalier_optimizer_destroy(optimizer) == 0);
  CHECK(espalier_network_set_threads(network, 3) == 0);
  CHECK(espalier_network_build(network, WIDE) == 0);
  CHECK(espalier_network_train_step_f32(network, x, x, WIDE, &loss) == 0);
  CHECK(dlclose(library) == 0);
  return NULL;
}

/* Its workers have gone to sleep, and are woken by a step of another thread's. */
static void a_live_network(void) {
  pthread_t thread;
  void *library;
  double loss;
  CHECK(pthread_create(&thread, NULL, build, NULL) == 0);
  pthread_join(thread, NULL);
  usleep(20000);
  library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
  {
    FIND(espalier_network_train_step_f32);
    FIND(espalier_network_destroy);
    CHECK(espalier_network_train_step_f32(network, x, x, WIDE, &loss) == 0);
    CHECK(espalier_network_destroy(network) == 0);
  }
  CHECK(dlclose(library) == 0);
}

static void run(void (*test)(void), const char *name) {
  const int before = failed;
  test();
  if (failed == before) passed++;
  else printf("FAILED: %s\n", name);
}

int main(void) {
  int i;
  for (i = 0; i < WIDE * WIDE; i++) x[i] = (float)(i % 7) / 8;
  run(threads_that_fail_a_call_and_end, "threads_that_fail_a_call_and_end");
  run(a_live_network, "a_live_network");
  printf("%d passed, %d failed\n", passed, 2 - passed);
  return passed != 2;
}

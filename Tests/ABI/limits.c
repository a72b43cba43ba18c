/* Where memory or threads run out nothing hangs, prints or raises a signal: every call gives OK or OUT_OF_MEMORY. Each case is
   a process of its own, a child of one that has never used the library. This program is not linked with OpenBLAS. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"

enum { WIDE = 96, BATCH = 64, SECONDS = 60 };
enum kind { DENSE, ORTHOGONAL, RIGL, SURGEON, KINDS };
/* When address space gets scarce. */
enum stage { BEFORE_CREATE, BEFORE_BUILD, AFTER_BUILD, AFTER_STEPS, STAGES };

static real x[BATCH * WIDE], target[BATCH * WIDE];
static int unexpected;

static void limit_address_space(long margin) {
  long pages = 0;
  struct rlimit limit;
  FILE *file = fopen("/proc/self/statm", "r");
  if (file == NULL || fscanf(file, "%ld", &pages) != 1) _exit(3);
  fclose(file);
  limit.rlim_cur = limit.rlim_max = (rlim_t)(pages * sysconf(_SC_PAGESIZE) + margin);
  if (setrlimit(RLIMIT_AS, &limit) != 0) _exit(3);
}

/* Whether it was carried out. */
static int fine(int status) {
  if (status != ESPALIER_OK && status != ESPALIER_ERROR_OUT_OF_MEMORY) {
    unexpected = 1;
    fprintf(stderr, "status %d: %s\n", status, espalier_last_error());
  }
  return status == ESPALIER_OK;
}

/* What was built trains, whatever is left. */
static void steps(espalier_network *network, int count) {
  double loss;
  int i;
  for (i = 0; i < count; i++) OK(F(espalier_network_train_step)(network, x, target, BATCH, &loss));
}

static void work(enum kind kind, enum stage stage, long margin, int threads) {
  const double density = kind == DENSE || kind == ORTHOGONAL ? 1 : 0.3;
  espalier_network *network = NULL;
  espalier_optimizer *optimizer = NULL;
  espalier_topology *topology = NULL;
  espalier_pruning *pruning = NULL;
  if (stage == BEFORE_CREATE) limit_address_space(margin);
  if (!fine(espalier_network_create(OURS, WIDE, 1, &network))) return;
  if (stage == BEFORE_BUILD) limit_address_space(margin);
  if (!fine(espalier_network_add_linear(network, WIDE, density, ESPALIER_RELU)) ||
      !fine(espalier_network_add_linear(network, WIDE, density, ESPALIER_IDENTITY)) ||
      !fine(espalier_network_set_threads(network, threads)) || !fine(espalier_optimizer_create(ESPALIER_ADAM, &optimizer)) ||
      !fine(espalier_topology_create(ESPALIER_RIGL, &topology)) || !fine(espalier_topology_set(topology, "every", 1)) ||
      !fine(espalier_pruning_create(ESPALIER_PRUNE_OBS, &pruning)) || !fine(espalier_pruning_set(pruning, "density", 0.2)) ||
      !fine(espalier_network_set_optimizer(network, 0, optimizer)))
    return;
  if (kind == ORTHOGONAL) OK(espalier_layer_set(network, 1, "initializer", ESPALIER_ORTHOGONAL));
  if (!fine(espalier_network_build(network, BATCH))) return;
  if (stage == AFTER_BUILD) limit_address_space(margin);
  steps(network, 3);
  if (stage == AFTER_STEPS) limit_address_space(margin);
  if (kind == RIGL) fine(espalier_network_set_topology(network, 0, topology));
  if (kind == SURGEON) fine(F(espalier_network_prune)(network, pruning, x, NULL, BATCH));
  steps(network, 3);
  fine(espalier_network_set_threads(network, threads + 1));
  steps(network, 3);
  OK(espalier_network_destroy(network));
  OK(espalier_optimizer_destroy(optimizer));
  OK(espalier_topology_destroy(topology));
  OK(espalier_pruning_destroy(pruning));
}

/* Run a case in a child; it must end by itself, in time, and say nothing. */
static void in_child(void (*run)(long), long argument, const char *what) {
  FILE *output = tmpfile();
  int status = -1, c;
  pid_t child;
  CHECK(output != NULL);
  fflush(stdout);
  child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    dup2(fileno(output), 1);
    dup2(fileno(output), 2);
    alarm(SECONDS);
    run(argument);
    fflush(stdout);
    _exit(unexpected);
  }
  CHECK(waitpid(child, &status, 0) == child);
  rewind(output);
  if (status != 0 || (c = fgetc(output)) != EOF) {
    printf("%s, %ld: status 0x%x; ", what, argument, (unsigned)status);
    rewind(output);
    while ((c = fgetc(output)) != EOF) putchar(c);
    putchar('\n');
    CHECK(!"ends well and is silent");
  }
  fclose(output);
}

static void scarce(long number) {
  static const long margins[] = {24, 64, 120, 150, 200, 280, 420, 700};
  work((enum kind)(number % KINDS), (enum stage)(number / KINDS % STAGES), margins[number / KINDS / STAGES] << 20, 2);
}

static void address_space_runs_out(void) {
  long number;
  for (number = 0; number < KINDS * STAGES * 8; number++) in_child(scarce, number, "kind + 4 stages + 16 margins");
}

/* Several networks at a time want more buffers of OpenBLAS's than one of them has reserved, and there is no room for more: they
   take turns. Without a limit they take more. */
static pthread_barrier_t barrier;

static void *train_one_of_several(void *unused) {
  espalier_network *network = NULL;
  espalier_optimizer *optimizer = make_optimizer(ESPALIER_SGD, 0.001);
  double loss;
  int i;
  intptr_t failures = 0;
  (void)unused;
  failures += espalier_network_create(OURS, WIDE, 1, &network) != 0;
  failures += espalier_network_add_linear(network, WIDE, 1, ESPALIER_IDENTITY) != 0;
  failures += espalier_network_set_optimizer(network, 0, optimizer) != 0;
  failures += espalier_network_set_threads(network, 2) != 0;
  failures += espalier_network_build(network, BATCH) != 0;
  /* Many steps, in which calls now and then find all buffers in use. */
  for (i = 0; i < 50; i++) failures += F(espalier_network_train_step)(network, x, target, BATCH, &loss) != 0;
  pthread_barrier_wait(&barrier);
  pthread_barrier_wait(&barrier);
  for (i = 0; i < 100; i++) failures += F(espalier_network_train_step)(network, x, target, BATCH, &loss) != 0;
  failures += espalier_network_destroy(network) != 0;
  failures += espalier_optimizer_destroy(optimizer) != 0;
  return (void *)failures;
}

static void several(long is_limited) {
  enum { NETWORKS = 4 };
  pthread_t threads[NETWORKS];
  void *failures;
  int i;
  pthread_barrier_init(&barrier, NULL, NETWORKS + 1);
  for (i = 0; i < NETWORKS; i++) CHECK(pthread_create(&threads[i], NULL, train_one_of_several, NULL) == 0);
  pthread_barrier_wait(&barrier);
  if (is_limited) limit_address_space(24 << 20);
  pthread_barrier_wait(&barrier);
  for (i = 0; i < NETWORKS; i++) {
    pthread_join(threads[i], &failures);
    CHECK(failures == NULL);
  }
}

static void several_networks_share_what_there_is(void) {
  in_child(several, 0, "without a limit");
  in_child(several, 1, "with a limit");
}

/* Threads that begin and build while others ask for OpenBLAS's buffers: what one finds room for, another takes. */
static void *build_and_step(void *unused) {
  espalier_optimizer *optimizer = NULL;
  espalier_network *network;
  double loss;
  int i, k;
  (void)unused;
  if (!fine(espalier_optimizer_create(ESPALIER_SGD, &optimizer))) return NULL;
  for (i = 0; i < 6; i++) {
    network = NULL;
    if (!fine(espalier_network_create(OURS, WIDE, 1, &network))) continue;
    fine(espalier_network_add_linear(network, WIDE, 1, ESPALIER_IDENTITY));
    fine(espalier_network_set_threads(network, 2));
    fine(espalier_network_set_optimizer(network, 0, optimizer));
    if (fine(espalier_network_build(network, BATCH)))
      for (k = 0; k < 3; k++) fine(F(espalier_network_train_step)(network, x, target, BATCH, &loss));
    espalier_network_destroy(network);
  }
  espalier_optimizer_destroy(optimizer);
  return NULL;
}

static void crowded(long margin) {
  pthread_t threads[4];
  pthread_attr_t small;
  int i, started;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 256 << 10);
  limit_address_space(margin << 20);
  for (started = 0; started < 4 && pthread_create(&threads[started], &small, build_and_step, NULL) == 0;) started++;
  for (i = 0; i < started; i++) pthread_join(threads[i], NULL);
}

static void threads_crowd_each_other(void) {
  long margin;
  for (margin = 260; margin <= 460; margin += 20) in_child(crowded, margin, "MiB of room");
}

/* From here on no thread can be made. */
static void no_more_threads(void) {
  const struct rlimit none = {1, 1};
  if (setrlimit(RLIMIT_NPROC, &none) != 0 || (getuid() == 0 && setresuid(65534, 65534, 65534) != 0)) _exit(3);
}

static void alone(long kind) {
  no_more_threads();
  work((enum kind)kind, STAGES, 0, 1);
}

static void refused(long kind) {
  no_more_threads();
  work((enum kind)kind, STAGES, 0, 2);
}

/* The host has OpenBLAS with threads of its own, which a fork ends; its child goes on training what it has inherited. */
static void host_forks(long kind) {
  espalier_network *network = NULL;
  espalier_optimizer *optimizer = make_optimizer(ESPALIER_SGD, 0.01);
  int status = 0;
  if (dlopen("libopenblas.so.0", RTLD_NOW | RTLD_GLOBAL) == NULL) _exit(3);
  OK(espalier_network_create(OURS, WIDE, 1, &network));
  OK(espalier_network_add_linear(network, WIDE, 1, ESPALIER_IDENTITY));
  OK(espalier_network_set_optimizer(network, 0, optimizer));
  OK(espalier_network_build(network, BATCH));
  steps(network, 2);
  if (fork() == 0) {
    no_more_threads();
    steps(network, 2);
    work((enum kind)kind, STAGES, 0, 1);
    fflush(stdout);
    _exit(unexpected);
  }
  wait(&status);
  if (status != 0) printf("child of the host: 0x%x\n", (unsigned)status);
  steps(network, 2);
}

static void threads_cannot_be_made(void) {
  long kind;
  for (kind = 0; kind < KINDS; kind++) {
    in_child(alone, kind, "one thread");
    in_child(refused, kind, "two threads wanted");
    in_child(host_forks, kind, "after a fork");
  }
}

int main(void) {
  static const struct test tests[] = {TEST(address_space_runs_out), TEST(several_networks_share_what_there_is),
                                      TEST(threads_crowd_each_other), TEST(threads_cannot_be_made)};
  fill(x, LENGTH(x), 1);
  fill(target, LENGTH(target), 2);
  return run_tests(tests, LENGTH(tests));
}

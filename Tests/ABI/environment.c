/* What belongs to the host stays as it was: floating-point settings, OpenBLAS's threads, locale, folder, signals, output. */
#include <fenv.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "calls.h"

int openblas_get_num_threads(void);
void openblas_set_num_threads(int threads);

static real x[MAX_BATCH * INPUTS], target[MAX_BATCH * OUTPUTS];

/* Control and status of both floating-point units. */
static uint64_t floating_point(void) {
#if defined(__x86_64__)
  unsigned mxcsr = __builtin_ia32_stmxcsr();
  unsigned short x87;
  __asm__ volatile("fnstcw %0" : "=m"(x87));
  return (uint64_t)x87 << 32 | mxcsr;
#else
  return (uint64_t)(unsigned)fegetround() << 32 | (unsigned)fegetexcept();
#endif
}

/* All calls, those that fail included, and some training, in whatever environment the caller has made. */
static uint64_t everything(int threads, int enabled, uint64_t *changed) {
  espalier_network *network = make_network(), *described = describe_network(3);
  uint64_t before, hash = 0;
  real *w, *dw;
  int64_t count;
  double loss = 0;
  int i;
  OK(espalier_network_set_threads(network, threads));
  for (i = 0; i < 2 * network_calls + 14; i++) {
    int status = 0;
    espalier_network *which = i < network_calls ? network : described;
    if (enabled) feenableexcept(FE_ALL_EXCEPT);
    before = floating_point();
    if (i < 2 * network_calls) {
      status = call_network(i % network_calls, which);
    } else if (i < 2 * network_calls + 10) {
      status = F(espalier_network_train_step)(network, x, target, MAX_BATCH, &loss);
    } else if (i == 2 * network_calls + 10) {
      status = espalier_network_set(network, "clip_norm", NAN); /* compared while traps are on */
    } else if (i == 2 * network_calls + 11) {
      status = espalier_network_add_linear(described, 3, NAN, ESPALIER_RELU);
    } else if (i == 2 * network_calls + 12) {
      status = espalier_network_evolve_now(network, 1, INFINITY);
    } else {
      real keep = x[3];
      x[3] = (real)NAN;
      status = F(espalier_network_train_step)(network, x, target, MAX_BATCH, &loss);
      x[3] = keep;
    }
    *changed |= before ^ floating_point();
    if (enabled) fedisableexcept(FE_ALL_EXCEPT);
    hash = hash_bytes(hash, &status, sizeof status);
  }
  OK(espalier_network_unbind(network));
  OK(F(espalier_network_parameters)(network, &w, &dw, &count));
  hash = hash_bytes(hash, w, (size_t)count * sizeof *w);
  OK(espalier_network_destroy(network));
  OK(espalier_network_destroy(described));
  return hash;
}

static void rounding_traps_and_denormals(void) {
  static const int directions[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
  uint64_t changed = 0, expected = everything(1, 0, &changed);
  int threads, enabled;
  size_t i;
  CHECK(changed == 0);
  for (threads = 1; threads <= 2; threads++)
    for (enabled = 0; enabled <= 1; enabled++)
      for (i = 0; i < LENGTH(directions); i++) {
        uint64_t hash;
        fesetround(directions[i]);
        feclearexcept(FE_ALL_EXCEPT);
        hash = everything(threads, enabled, &changed);
        fesetround(FE_TONEAREST);
        CHECK(changed == 0);
        CHECK(hash == expected); /* the host's settings do not reach the results */
      }
#if defined(__x86_64__)
  for (i = 0; i < 3; i++) {
    static const unsigned flush[] = {0x8000, 0x0040, 0x8040};
    unsigned keep = __builtin_ia32_stmxcsr();
    uint64_t hash;
    __builtin_ia32_ldmxcsr(keep | flush[i]);
    hash = everything(2, 0, &changed);
    __builtin_ia32_ldmxcsr(keep);
    CHECK(changed == 0 && hash == expected);
  }
#endif
}

/* The callback runs in the host's environment, not in the library's. */
static uint64_t seen_by_callback;

static int look(void *user, int64_t done, int64_t samples, double loss) {
  (void)user;
  (void)done;
  (void)samples;
  (void)loss;
  seen_by_callback = floating_point();
  return 0;
}

static void callbacks_see_the_hosts_environment(void) {
  espalier_network *network = make_network();
  double loss = 0;
  uint64_t mine;
  fesetround(FE_DOWNWARD);
  mine = floating_point();
  OK(F(espalier_network_train_epoch)(network, x, target, MAX_BATCH, 8, 1, look, NULL, &loss));
  CHECK(floating_point() == mine && seen_by_callback == mine);
  fesetround(FE_TONEAREST);
  OK(espalier_network_destroy(network));
}

static void *train_often(void *status) {
  espalier_network *network = make_network();
  double loss = 0;
  int i;
  for (i = 0; i < 200; i++) *(int *)status |= F(espalier_network_train_step)(network, x, target, MAX_BATCH, &loss);
  *(int *)status |= espalier_network_destroy(network);
  return NULL;
}

static void openblas_threads(void) {
  const int own = openblas_get_num_threads();
  uint64_t changed = 0;
  int n;
  for (n = 1; n <= 2; n++) {
    pthread_t other;
    int before, mine = 0, others = 0;
    openblas_set_num_threads(n);
    before = openblas_get_num_threads();
    everything(2, 0, &changed);
    CHECK(openblas_get_num_threads() == before);
    /* Two callers at once, one of which is the last. */
    CHECK(pthread_create(&other, NULL, train_often, &others) == 0);
    train_often(&mine);
    pthread_join(other, NULL);
    CHECK(mine == 0 && others == 0 && openblas_get_num_threads() == before);
  }
  openblas_set_num_threads(own);
}

static void process_settings(void) {
  char before[4096], after[4096], *locale = strdup(setlocale(LC_ALL, NULL));
  struct sigaction actions[32], now;
  sigset_t mask, mask_now;
  uint64_t changed = 0;
  mode_t mode = umask(022);
  int i;
  CHECK(getcwd(before, sizeof before) != NULL);
  for (i = 1; i < 32; i++) sigaction(i, NULL, &actions[i]);
  pthread_sigmask(SIG_SETMASK, NULL, &mask);
  everything(2, 0, &changed);
  CHECK(getcwd(after, sizeof after) != NULL && strcmp(before, after) == 0);
  CHECK(strcmp(locale, setlocale(LC_ALL, NULL)) == 0);
  for (i = 1; i < 32; i++) {
    sigaction(i, NULL, &now);
    CHECK(now.sa_handler == actions[i].sa_handler && now.sa_flags == actions[i].sa_flags);
  }
  pthread_sigmask(SIG_SETMASK, NULL, &mask_now);
  for (i = 1; i < 32; i++) CHECK(sigismember(&mask, i) == sigismember(&mask_now, i));
  CHECK(umask(mode) == 022);
  free(locale);
}

/* Numbers in messages do not follow the locale. */
static void messages_in_another_locale(void) {
  espalier_network *network = describe_network(1);
  char *keep = strdup(setlocale(LC_ALL, NULL));
  if (setlocale(LC_ALL, "de_DE.UTF-8") == NULL) setlocale(LC_ALL, "C.UTF-8");
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "density", "1.7", espalier_network_add_linear(network, 3, 1.7, 0));
  setlocale(LC_ALL, keep);
  free(keep);
  OK(espalier_network_destroy(network));
}

static void nothing_is_printed(void) {
  FILE *file = tmpfile();
  const int out = dup(1), err = dup(2);
  uint64_t changed = 0;
  struct stat information;
  CHECK(file != NULL && out >= 0 && err >= 0);
  fflush(stdout);
  dup2(fileno(file), 1);
  dup2(fileno(file), 2);
  everything(2, 0, &changed);
  fflush(stdout);
  fflush(stderr);
  dup2(out, 1);
  dup2(err, 2);
  close(out);
  close(err);
  CHECK(fstat(fileno(file), &information) == 0 && information.st_size == 0);
  fclose(file);
}

int main(void) {
  static const struct test tests[] = {TEST(rounding_traps_and_denormals),
                                      TEST(callbacks_see_the_hosts_environment),
                                      TEST(openblas_threads),
                                      TEST(process_settings),
                                      TEST(messages_in_another_locale),
                                      TEST(nothing_is_printed)};
  fill(x, LENGTH(x), 1);
  fill(target, LENGTH(target), 2);
  return run_tests(tests, LENGTH(tests));
}

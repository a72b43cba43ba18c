#include "children.h"

#include <espalier.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Shared with the children. */
static struct {
  int number, failed;
  char doing[400];
} *shared;
static uint64_t state = 88172645463325252ULL;

int draw_below(int bound) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (int)(state % (uint64_t)bound);
}

void about_to(const char *format, ...) {
  va_list list;
  va_start(list, format);
  vsnprintf(shared->doing, sizeof shared->doing, format, list);
  va_end(list);
}

void wrong(const char *format, ...) {
  va_list list;
  va_start(list, format);
  if (shared->failed++ < 20) {
    printf("case %d, %s: ", shared->number, shared->doing);
    vprintf(format, list);
    printf("\n");
    fflush(stdout);
  }
  va_end(list);
}

int known(int status) {
  if (status < 0 || status > ESPALIER_ERROR_STOPPED) wrong("status %d", status);
  if (status != ESPALIER_OK && espalier_last_error()[0] == 0) wrong("status %d without a message", status);
  return status;
}

int run_cases(int count, void (*run)(int number), int megabytes) {
  if (shared == NULL) shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  shared->failed = 0;
  for (shared->number = 0; shared->number < count; shared->number++) {
    int end = 0;
    pid_t child;
    fflush(stdout);
    child = fork();
    if (child == 0) {
      struct rlimit limit;
      limit.rlim_cur = limit.rlim_max = (rlim_t)megabytes << 20;
      setrlimit(RLIMIT_AS, &limit);
      for (; shared->number < count; shared->number++) {
        alarm(60);
        state = 88172645463325252ULL + 2654435761ULL * (uint64_t)(shared->number + 1);
        run(shared->number);
      }
      _exit(0);
    }
    waitpid(child, &end, 0);
    if (WIFSIGNALED(end)) wrong("ended by signal %d (%s)", WTERMSIG(end), strsignal(WTERMSIG(end)));
    else if (WEXITSTATUS(end) != 0) wrong("ended with status %d", WEXITSTATUS(end));
  }
  return shared->failed;
}

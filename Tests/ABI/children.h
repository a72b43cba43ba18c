/* Cases that must not end the process, each batch of them in a child: what a child was doing when it died is known. */
#ifndef CHILDREN_H
#define CHILDREN_H

#include <stdint.h>

/* Say what is about to be done, as printf does: what is reported if it ends the process. */
void about_to(const char *format, ...);
/* A status that the header knows, with a message if it is a failure; else the case counts as failed. Returns the status. */
int known(int status);
/* The case has failed for another reason. */
void wrong(const char *format, ...);

/* Run case after case, 0 .. count - 1, in a child process with at most `megabytes` of memory. A child that is ended by a
   signal, or that takes a minute over one case, fails that case; the next child goes on behind it. Returns cases that failed. */
int run_cases(int count, void (*run)(int number), int megabytes);

/* Numbers that repeat. */
int draw_below(int bound);

#endif

/* Every function that takes a network handle, by number, with arguments that fit the network of fixture.h. */
#ifndef CALLS_H
#define CALLS_H

#include "fixture.h"

/* How many there are; destroy is not among them. */
extern const int network_calls;
const char *network_call_name(int number);
/* The call is of no use before build. */
int network_call_needs_build(int number);
/* The call is of no use after build. */
int network_call_describes(int number);
int call_network(int number, espalier_network *network);

#endif

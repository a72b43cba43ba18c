/* A small network with every kind of layer, and a way to see whether a call has changed anything in it. */
#ifndef FIXTURE_H
#define FIXTURE_H

#include <espalier.h>
#include <stddef.h>

#include "precision.h"
#include "test.h"

enum { INPUTS = 5, UNITS1 = 8, UNITS3 = 6, OUTPUTS = 4, MAX_BATCH = 16, CONNECTIONS1 = 20, CONNECTIONS3 = 20,
       PARAMETERS = CONNECTIONS1 + UNITS1 + CONNECTIONS3 + UNITS3 + UNITS3 * OUTPUTS + OUTPUTS };

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* 5 -> linear 8 (density 0.5, relu) -> dropout 0.25 -> linear 6 (density 0.4, tanh) -> linear 4 (dense), not built. */
espalier_network *describe_network(int64_t seed);
/* The same with adam (rate 0.01) and RigL (every 3) on every layer, built for MAX_BATCH, one thread. */
espalier_network *make_network(void);
espalier_optimizer *make_optimizer(int rule, double learning_rate);
espalier_topology *make_topology(int method, double every);
espalier_pruning *make_pruning(int criterion, double density);

/* Numbers in [-1, 1), the same for the same seed on every machine. */
void fill(real *array, size_t count, unsigned seed);
/* The same in [0, 1], which every loss takes as targets. */
void fill_targets(real *array, size_t count, unsigned seed);
/* Class numbers base .. base + OUTPUTS - 1. */
void fill_labels(int32_t *labels, size_t count, int32_t base);

double network_value(const espalier_network *network, const char *name);
double layer_value(const espalier_network *network, int64_t layer, const char *name);

/* FNV-1a over bytes. */
uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t count);
/* Of everything that can be seen of a network: options, and when built its parameters, gradients, patterns, predictions,
   their addresses and the layers' options. */
uint64_t fingerprint(espalier_network *network);

/* The call is refused with this status and a message that has both words, and the network is as it was. */
#define REFUSES(network, status, name, value, ...)                 \
  do {                                                             \
    uint64_t before_ = fingerprint(network);                       \
    SAYS(status, name, value, __VA_ARGS__);                        \
    check_true(fingerprint(network) == before_, __FILE__, __LINE__, \
               "network unchanged after " #__VA_ARGS__);           \
  } while (0)

#endif

/* Networks from lists of layers, and what must hold for a network of any layers. */
#ifndef LAYERS_H
#define LAYERS_H

#include "fixture.h"

enum { MOST_LAYER_INPUTS = 8, MOST_LAYER_OPTIONS = 24, MOST_LAYERS = 32 };

struct layer_option {
  const char *name; /* NULL: there are no more */
  double value;
};

/* A layer with the options that are to differ from their defaults. It takes from the layer before it when input_count is 0. */
struct layer_description {
  int kind;
  int64_t input_count;
  int64_t inputs[MOST_LAYER_INPUTS];
  struct layer_option options[MOST_LAYER_OPTIONS];
};

/* A network to be held against itself. */
struct layer_case {
  const char *name;
  int64_t dimensions; /* of the input: 1 for a vector */
  int64_t lengths[4]; /* channels, then the slowest dimension first */
  /* Samples of a batch change each other's outputs (batch normalisation), or a pass differs from the next (dropout). */
  int couples_samples, is_random;
  int64_t layer_count;
  struct layer_description layers[MOST_LAYERS]; /* an embedding's first option is its vocabulary: the input is numbers of it then */
};

/* Add a layer; the status of espalier_network_add_layer. - layer: receives its number, or NULL. */
int add_described(espalier_network *network, const struct layer_description *description, int64_t *layer);
/* The case's network in this precision, described and not built. */
espalier_network *describe_case(const struct layer_case *description, int precision);

/* Everything that must hold for the case in the precision of the test:
   - float64: the gradients of all parameters and of the input are those of central differences to 1e-6 of the largest;
   - float32: outputs and gradients are those of float64 to 2e-4 of the largest;
   - samples come out of every batch as they come out alone, and the gradients of the parameters are the sums over them;
   - forward, backward and training steps give the same bits with 1, 2 and 3 threads;
   - from the first call after build on nothing is allocated. */
void check_case(const struct layer_case *description);

/* Nothing may be allocated between the two. */
void begin_counting(void);
void end_counting(const char *what);

#endif

/* Patterns: drawn with exact counts, given as coordinates or compressed rows, read back. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

enum { ROWS = 4, COLUMNS = 5, GIVEN = 9 };

/* Sorted by row, then column; row 2 is empty. value = 10 row + column. */
static const int32_t sorted_rows[GIVEN] = {0, 0, 0, 1, 1, 3, 3, 3, 3};
static const int32_t sorted_columns[GIVEN] = {0, 2, 4, 1, 2, 0, 1, 3, 4};
static const int64_t sorted_row_start[ROWS + 1] = {0, 3, 5, 5, 9};
/* A place for each connection in the shuffled order. */
static const int shuffled[GIVEN] = {7, 2, 5, 0, 8, 3, 6, 1, 4};

static espalier_network *one_layer(void) {
  espalier_network *network = NULL;
  OK(espalier_network_create(OURS, COLUMNS, 5, &network));
  OK(espalier_network_add_linear(network, ROWS, 0.5, ESPALIER_IDENTITY));
  return network;
}

static void expect_given(espalier_network *network, int values) {
  int32_t rows[GIVEN], columns[GIVEN];
  int64_t row_start[ROWS + 1], connections = 0, units = 0;
  real *w = NULL, *dw = NULL, *bias = NULL, *bias_gradients = NULL;
  int base, i;
  OK(espalier_network_build(network, 8));
  for (base = 0; base <= 1; base++) {
    OK(espalier_layer_pattern(network, 1, base, GIVEN, row_start, rows, columns, &connections));
    CHECK(connections == GIVEN);
    for (i = 0; i < GIVEN; i++) CHECK(rows[i] == sorted_rows[i] + base && columns[i] == sorted_columns[i] + base);
    for (i = 0; i <= ROWS; i++) CHECK(row_start[i] == sorted_row_start[i] + base);
  }
  OK(F(espalier_layer_parameters)(network, 1, &w, &dw, &connections, &bias, &bias_gradients, &units));
  CHECK(connections == GIVEN && units == ROWS);
  for (i = 0; values && i < GIVEN; i++) CHECK(w[i] == (real)(10 * sorted_rows[i] + sorted_columns[i]));
  if (values) { /* and they act: y = W x */
    real x[COLUMNS] = {1, 2, 4, 8, 16}, y[ROWS];
    OK(F(espalier_network_predict)(network, x, 1, y));
    CHECK(y[0] == 0 * 1 + 2 * 4 + 4 * 16 && y[1] == 11 * 2 + 12 * 4 && y[2] == 0);
    CHECK(y[3] == 30 * 1 + 31 * 2 + 33 * 8 + 34 * 16);
  }
  OK(espalier_network_destroy(network));
}

static void coordinates(void) {
  int base, i, with_values, order;
  for (base = 0; base <= 1; base++)
    for (with_values = 0; with_values <= 1; with_values++)
      for (order = 0; order <= 1; order++) {
        espalier_network *network = one_layer();
        int32_t rows[GIVEN], columns[GIVEN];
        real values[GIVEN];
        for (i = 0; i < GIVEN; i++) {
          int from = order ? shuffled[i] : i;
          rows[i] = sorted_rows[from] + base;
          columns[i] = sorted_columns[from] + base;
          values[i] = (real)(10 * sorted_rows[from] + sorted_columns[from]);
        }
        OK(F(espalier_layer_set_pattern_coo)(network, 1, GIVEN, rows, columns, with_values ? values : NULL, base));
        memset(rows, 0x55, sizeof rows); /* copied: what happens to them later does not matter */
        memset(columns, 0x55, sizeof columns);
        memset(values, 0x55, sizeof values);
        expect_given(network, with_values);
      }
}

static void compressed_rows(void) {
  int base, i, with_values;
  for (base = 0; base <= 1; base++)
    for (with_values = 0; with_values <= 1; with_values++) {
      espalier_network *network = one_layer();
      int64_t row_start[ROWS + 1];
      /* Within the rows in reverse order. */
      int32_t columns[GIVEN] = {4, 2, 0, 2, 1, 4, 3, 1, 0};
      real values[GIVEN];
      for (i = 0; i < GIVEN; i++) {
        values[i] = (real)(10 * sorted_rows[i] + columns[i]);
        columns[i] += base;
      }
      for (i = 0; i <= ROWS; i++) row_start[i] = sorted_row_start[i] + base;
      OK(F(espalier_layer_set_pattern_csr)(network, 1, row_start, columns, with_values ? values : NULL, base));
      expect_given(network, with_values);
    }
}

static void bad_coordinates(void) {
  espalier_network *network = one_layer();
  int32_t rows[GIVEN], columns[GIVEN];
  real values[GIVEN];
  memcpy(rows, sorted_rows, sizeof rows);
  memcpy(columns, sorted_columns, sizeof columns);
  fill(values, GIVEN, 1);
#define COO(count, base) F(espalier_layer_set_pattern_coo)(network, 1, count, rows, columns, values, base)
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "connections", "0", COO(0, 0));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "connections", "-1", COO(-1, 0));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "connections", "21", COO(21, 0)); /* more than there are places */
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "connections", "9223372036854775807", COO(INT64_MAX, 0));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "connections", "-9223372036854775808", COO(INT64_MIN, 0));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "base", "2", COO(GIVEN, 2));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "base", "-1", COO(GIVEN, -1));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "row", "0", COO(GIVEN, 1));
  rows[4] = ROWS;
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "row", "4", COO(GIVEN, 0));
  rows[4] = -7;
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "row", "-7", COO(GIVEN, 0));
  rows[4] = INT32_MIN;
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "row", "-2147483648", COO(GIVEN, 0));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "row", "0", COO(GIVEN, 1));
  rows[4] = 1;
  columns[3] = COLUMNS;
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "column", "5", COO(GIVEN, 0));
  columns[3] = INT32_MAX;
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "column", "2147483647", COO(GIVEN, 0));
  columns[3] = 2; /* (1, 2) twice */
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "twice", "column 2", COO(GIVEN, 0));
  columns[3] = 1;
  values[6] = (real)NAN;
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "values", "nan", COO(GIVEN, 0));
  values[6] = 1;
#undef COO
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "layer", "2",
          F(espalier_layer_set_pattern_coo)(network, 2, GIVEN, rows, columns, NULL, 0));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "layer", "0",
          F(espalier_layer_set_pattern_coo)(network, 0, GIVEN, rows, columns, NULL, 0));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "layer", "9223372036854775807",
          F(espalier_layer_set_pattern_coo)(network, INT64_MAX, GIVEN, rows, columns, NULL, 0));
  OK(F(espalier_layer_set_pattern_coo)(network, 1, GIVEN, rows, columns, NULL, 0));
  expect_given(network, 0);
}

static void bad_rows(void) {
  espalier_network *network = one_layer();
  int64_t row_start[ROWS + 1];
  int32_t columns[GIVEN];
  memcpy(row_start, sorted_row_start, sizeof row_start);
  memcpy(columns, sorted_columns, sizeof columns);
#define CSR(base) F(espalier_layer_set_pattern_csr)(network, 1, row_start, columns, NULL, base)
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "row_start", "0", CSR(1)); /* row_start[0] is not the base */
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "base", "3", CSR(3));
  row_start[2] = 2;
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "row_start", "2", CSR(0)); /* decreases */
  row_start[2] = INT64_MIN;
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "row_start", "-9223372036854775808", CSR(0));
  row_start[2] = 5;
  row_start[ROWS] = INT64_MAX;
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "row_start", "92233720368547758", CSR(0));
  row_start[ROWS] = 11; /* row 3 longer than there are columns */
  GIVES(ESPALIER_ERROR_INVALID_ARGUMENT, CSR(0));
  row_start[ROWS] = 9;
  columns[1] = 0;
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "twice", "column 0", CSR(0));
  columns[1] = -1;
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "column", "-1", CSR(0));
  columns[1] = 2;
  memset(row_start, 0, sizeof row_start);
  GIVES(ESPALIER_ERROR_INVALID_ARGUMENT, CSR(0)); /* no connection at all */
  memcpy(row_start, sorted_row_start, sizeof row_start);
  OK(CSR(0));
#undef CSR
  expect_given(network, 0);
}

static void wrong_precision(void) {
  espalier_network *network = one_layer();
  other_real values[GIVEN] = {0};
  SAYS(ESPALIER_ERROR_PRECISION, "64", "32",
       OTHER(espalier_layer_set_pattern_coo)(network, 1, GIVEN, sorted_rows, sorted_columns, values, 0));
  GIVES(ESPALIER_ERROR_PRECISION,
        OTHER(espalier_layer_set_pattern_csr)(network, 1, sorted_row_start, sorted_columns, values, 0));
  OK(espalier_network_destroy(network));
}

/* Counts after Erdos-Renyi-Kernel etc. are the distributions' own tests; here: the names are taken and the total is met. */
static void distributions(void) {
  int distribution;
  for (distribution = ESPALIER_UNIFORM; distribution <= ESPALIER_FIRST_DENSE; distribution++) {
    espalier_network *network = NULL;
    OK(espalier_network_create(OURS, 60, 5, &network));
    OK(espalier_network_add_linear(network, 50, 1, ESPALIER_RELU));
    OK(espalier_network_add_linear(network, 40, 1, ESPALIER_RELU));
    OK(espalier_network_add_linear(network, 10, 1, ESPALIER_IDENTITY));
    OK(espalier_network_set_distribution(network, distribution, 0.2));
    REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "density", "1.7",
            espalier_network_set_distribution(network, distribution, 1.7));
    REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "density", "nan",
            espalier_network_set_distribution(network, distribution, NAN));
    OK(espalier_network_build(network, 8));
    if (distribution == ESPALIER_FIRST_DENSE) {
      CHECK(layer_value(network, 1, "density") == 1);
      CHECK(fabs(layer_value(network, 2, "density") - 0.2) < 1e-3);
    } else {
      CHECK(fabs(network_value(network, "density") - 0.2) < 1e-3);
    }
    OK(espalier_network_destroy(network));
  }
  {
    espalier_network *network = one_layer();
    REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "distribution", "4", espalier_network_set_distribution(network, 4, 0.5));
    REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "distribution", "-1",
            espalier_network_set_distribution(network, -1, 0.5));
    OK(espalier_network_destroy(network));
  }
}

static void reading_back(void) {
  espalier_network *network = make_network();
  int32_t rows[CONNECTIONS1], columns[UNITS3 * OUTPUTS];
  int64_t connections = 0, i;
  OK(espalier_layer_pattern(network, 1, 0, 0, NULL, NULL, NULL, &connections));
  CHECK(connections == CONNECTIONS1);
  REFUSES(network, ESPALIER_ERROR_BUFFER_TOO_SMALL, "capacity", "19",
          espalier_layer_pattern(network, 1, 0, CONNECTIONS1 - 1, NULL, rows, NULL, &connections));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "base", "2",
          espalier_layer_pattern(network, 1, 2, CONNECTIONS1, NULL, rows, NULL, &connections));
  GIVES(ESPALIER_ERROR_INVALID_ARGUMENT, espalier_layer_pattern(network, 2, 0, 100, NULL, NULL, NULL, &connections));
  OK(espalier_layer_pattern(network, 4, 1, UNITS3 * OUTPUTS, NULL, NULL, columns, &connections));
  for (i = 0; i < UNITS3 * OUTPUTS; i++) CHECK(columns[i] == 1 + i % UNITS3); /* dense */
  OK(espalier_network_destroy(network));
}

int main(void) {
  static const struct test tests[] = {TEST(coordinates), TEST(compressed_rows), TEST(bad_coordinates), TEST(bad_rows),
                                      TEST(wrong_precision), TEST(distributions), TEST(reading_back)};
  return run_tests(tests, LENGTH(tests));
}

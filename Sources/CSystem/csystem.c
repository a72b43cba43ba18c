/* A target needs a source; everything is inline in the header. */
#include "csystem.h"

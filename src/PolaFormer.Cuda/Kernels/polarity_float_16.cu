#include "polarity_kernels.h"

POLARITY(float, 16, 2)

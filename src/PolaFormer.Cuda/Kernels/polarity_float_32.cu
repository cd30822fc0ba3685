#include "polarity_kernels.h"

POLARITY(float, 32, 4)

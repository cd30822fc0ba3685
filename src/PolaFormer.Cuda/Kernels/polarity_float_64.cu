#include "polarity_kernels.h"

POLARITY(float, 64, 4)

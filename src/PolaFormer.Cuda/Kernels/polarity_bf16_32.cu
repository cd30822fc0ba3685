#include "polarity_kernels.h"

POLARITY(bf16, 32, 4)

#include "polarity_kernels.h"

POLARITY(bf16, 16, 2)

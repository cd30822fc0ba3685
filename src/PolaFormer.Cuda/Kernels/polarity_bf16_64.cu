#include "polarity_kernels.h"

POLARITY(bf16, 64, 8)

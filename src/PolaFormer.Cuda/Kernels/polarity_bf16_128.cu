#include "polarity_kernels.h"

POLARITY(bf16, 128, 8)

#include "polarity_pp.h"

POLARITY_PP(bf16, 64, 8, 4)

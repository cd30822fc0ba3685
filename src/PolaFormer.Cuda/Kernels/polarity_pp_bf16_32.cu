#include "polarity_pp.h"

POLARITY_PP(bf16, 32, 4, 4)

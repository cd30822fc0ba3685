#include "polarity_pp.h"

POLARITY_PP(bf16, 128, 8, 4)

#include "polarity_pp.h"

POLARITY_PP(float, 32, 4, 4)

#include "polarity_pp.h"

POLARITY_PP(float, 64, 4, 4)

#include "polarity_pp.h"

POLARITY_PP(rounded, 32, 4, 4)

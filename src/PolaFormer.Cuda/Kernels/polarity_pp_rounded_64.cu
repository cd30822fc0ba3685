#include "polarity_pp.h"

POLARITY_PP(rounded, 64, 4, 4)

#pragma once

#include "tests/build/refused/deep.h"

static inline int Middle(void) { return Deep(); }

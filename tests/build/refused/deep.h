#pragma once

static inline int Deep(void) { return 1; }

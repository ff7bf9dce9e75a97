#include "tests/build/refused/deep.h"
#include "tests/build/refused/middle.h"

int Sum(void);
int Sum(void) { return Deep() + Middle(); }

#include <linux/futex.h>

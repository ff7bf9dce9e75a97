// ESC_CHECK: for our own bugs, always on. Input from outside never reaches one: it gets a Status.
#pragma once

#include "kernel/base/port.h"

#define ESC_CHECK(condition)                                                   \
  do {                                                                         \
    if (!(condition)) [[unlikely]] {                                           \
      ::esc::port::CheckFailed(#condition, __FILE__, __LINE__);                \
    }                                                                          \
  } while (false)

// Checks too costly for production (walks, ranks): on in debug images and in every host test.
#ifdef ESC_DEBUG
#define ESC_DCHECK(condition) ESC_CHECK(condition)
#else
#define ESC_DCHECK(condition) \
  do {                        \
    (void)sizeof(condition);  \
  } while (false)
#endif

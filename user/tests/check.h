// Checks of the test programs: a failed one names itself and ends the program with status 1.
#pragma once

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                                        \
  do {                                                                                                          \
    if (!(condition)) {                                                                                         \
      printf("%s:%d: not so: %s (errno %d, %s)\n", __FILE__, __LINE__, #condition, errno, strerror(errno));     \
      fflush(stdout);                                                                                           \
      _exit(1);                                                                                                 \
    }                                                                                                           \
  } while (0)

#define CHECK_ERRNO(call, wanted)           \
  do {                                      \
    errno = 0;                              \
    CHECK((long)(call) == -1);              \
    CHECK(errno == (wanted));               \
  } while (0)

#pragma once

#include <signal.h>

namespace esc::tools {

// Holds SIGINT, SIGTERM and SIGHUP back while it lives, so that a program that is told to stop first removes what it has begun. Those
// that came take effect with its end, unless an outer one still holds them. For programs with one thread.
class InterruptHold {
 public:
  InterruptHold();
  InterruptHold(const InterruptHold&) = delete;
  InterruptHold& operator=(const InterruptHold&) = delete;
  ~InterruptHold();

  // The signal that waits, 0 for none: what takes long asks between its steps whether to go on.
  static int Pending();

 private:
  sigset_t before_;
};

}  // namespace esc::tools

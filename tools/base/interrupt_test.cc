#include "tools/base/interrupt.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

namespace esc::tools {
namespace {

TEST(InterruptHoldDeathTest, ASignalTakesEffectWhenTheLastHoldEnds) {
  EXPECT_EXIT(
      {
        const InterruptHold outer;
        {
          const InterruptHold inner;
          raise(SIGTERM);
          if (InterruptHold::Pending() != SIGTERM) _exit(1);
        }
        if (InterruptHold::Pending() != SIGTERM) _exit(2);
        outer.~InterruptHold();
        _exit(3);
      },
      testing::KilledBySignal(SIGTERM), "");
}

TEST(InterruptHoldDeathTest, WhatIsIgnoredDoesNotWait) {
  EXPECT_EXIT(
      {
        signal(SIGINT, SIG_IGN);
        const InterruptHold hold;
        raise(SIGINT);
        _exit(InterruptHold::Pending() == 0 ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace esc::tools

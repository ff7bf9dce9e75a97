#include "kernel/linux_abi/call_names.h"

#include <gtest/gtest.h>

#include "kernel/linux_abi/call_numbers_host.h"

namespace esc::linux_abi {
namespace {

TEST(CallNames, AreTheHosts) {
  int checked = 0;
  for (const HostCall& call : kHostCalls) {
    EXPECT_EQ(CallName(call.number), call.name) << call.number;
    ++checked;
  }
  EXPECT_GT(checked, 350);
}

TEST(CallNames, NothingElseHasOne) {
  EXPECT_EQ(CallName(335), "");
  EXPECT_EQ(CallName(423), "");
  EXPECT_EQ(CallName(463), "");
  EXPECT_EQ(CallName(~std::uint64_t{0}), "");
}

}  // namespace
}  // namespace esc::linux_abi

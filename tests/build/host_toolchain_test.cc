#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

TEST(HostToolchain, IsTheLockedClangWithLibstdcxx) {
  EXPECT_EQ(__clang_major__, 19);
  EXPECT_EQ(_GLIBCXX_RELEASE, 12);
}

TEST(HostToolchain, RunsTheStandardLibrary) {
  std::vector<std::string> words{"one", "two"};
  EXPECT_EQ(words.back(), "two");
}

}  // namespace

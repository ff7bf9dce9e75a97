#include "kernel/mm/user_copy.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "kernel/arch_api/paging.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/address_space_fixture.h"

namespace esc::mm {
namespace {

class UserCopyTest : public AddressSpaceTest {
 protected:
  void SetUp() override {
    AddressSpaceTest::SetUp();
    Use(NewSpace());
    MapPages(current_, kBase, 2);
  }
  void PutString(VirtAddr at, const std::string& text) {
    ASSERT_EQ(CopyToUser(at, text.c_str(), text.size() + 1), Status::kOk);
  }
};

constexpr VirtAddr kEnd = kBase + 2 * kPageSize;

TEST_F(UserCopyTest, StructsGoBothWays) {
  struct Pair {
    std::uint64_t first;
    std::uint32_t second;
  };
  ASSERT_EQ(WriteUser(kBase + kPageSize - 8, Pair{1, 2}), Status::kOk);  // across pages
  EXPECT_EQ(ReadUser<Pair>(kBase + kPageSize - 8)->second, 2u);
  EXPECT_EQ(ReadUser<Pair>(kEnd - 8).status(), Status::kFault);
  EXPECT_EQ(WriteUser(VirtAddr{0}, 1), Status::kFault);
  EXPECT_EQ(WriteUser(arch::kKernelVirtualBase, 1), Status::kFault);
  EXPECT_EQ(ZeroUser(kBase + kPageSize - 8, 8), Status::kOk);
  EXPECT_EQ(ReadUser<Pair>(kBase + kPageSize - 8)->first, 0u);
  EXPECT_EQ(ZeroUser(kEnd - 8, 9), Status::kFault);
}

TEST_F(UserCopyTest, StringsOfEveryLengthUpToTheBuffers) {
  std::array<char, 300> buffer;
  for (std::size_t length = 0; length < buffer.size(); ++length) {
    const std::string text(length, 'x');
    PutString(kBase + 10, text);
    const Result<std::size_t> copied = CopyStringFromUser(buffer, kBase + 10);
    ASSERT_TRUE(copied.ok()) << length;
    EXPECT_EQ(*copied, length);
    EXPECT_EQ(std::string(buffer.data()), text);
  }
  PutString(kBase + 10, std::string(buffer.size(), 'x'));
  EXPECT_EQ(CopyStringFromUser(buffer, kBase + 10).status(), Status::kTooLarge);
}

TEST_F(UserCopyTest, AStringMayEndWithTheLastMappedByte) {
  std::array<char, 100> buffer;
  PutString(kEnd - 6, "short");
  EXPECT_EQ(CopyStringFromUser(buffer, kEnd - 6).value(), 5u);
  PutString(kBase + kPageSize - 3, "across the page's end");
  EXPECT_EQ(CopyStringFromUser(buffer, kBase + kPageSize - 3).value(), 21u);
  ASSERT_EQ(CopyToUser(kEnd - 5, "abcde", 5), Status::kOk);  // no end
  EXPECT_EQ(CopyStringFromUser(buffer, kEnd - 5).status(), Status::kFault);
  EXPECT_EQ(CopyStringFromUser(buffer, VirtAddr{8}).status(), Status::kFault);
}

}  // namespace
}  // namespace esc::mm

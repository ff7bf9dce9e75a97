#include "kernel/arch_host/mmu.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

namespace esc::host {
namespace {

using arch::Access;
using arch::Mode;
using arch::PageMapping;
constexpr Access kReadWrite = Access::kRead | Access::kWrite;
constexpr VirtAddr kPage{0x1234'5000};

class MmuTest : public ::testing::Test, public arch::TableFrameSource {
 public:
  Result<FrameNumber> AllocateTableFrame() override {
    if (tables_left_ == 0) return Status::kNoMemory;
    --tables_left_;
    ++tables_out_;
    const FrameNumber frame{next_frame_++};
    std::memset(mmu_.Ram(AddressOf(frame), kPageSize), 0, kPageSize);
    return frame;
  }
  void FreeTableFrame(FrameNumber) override { --tables_out_; }

 protected:
  void SetUp() override {
    root_ = mmu_.CreateRoot(*this).value();
    mmu_.LoadRoot(root_);
  }
  Status Map(VirtAddr page, std::uint64_t frame, Access access = kReadWrite) {
    return mmu_.Map(root_, page, {.frame = FrameNumber{frame}, .access = access}, *this);
  }
  bool Reaches(VirtAddr page, Access access, std::uint64_t frame) {
    const Mmu::Translation found = mmu_.Translate(page, access, Mode::kUser);
    return found.allowed && found.address.Frame() == FrameNumber{frame};
  }

  Mmu mmu_{4u << 20};
  std::uint64_t next_frame_ = 100;
  int tables_left_ = 1000;
  int tables_out_ = 0;
  PhysAddr root_;
};

TEST_F(MmuTest, MapsReplacesAndUnmaps) {
  EXPECT_EQ(Map(kPage, 20), Status::kOk);
  EXPECT_EQ(Map(kPage, 21), Status::kAlreadyExists);
  EXPECT_TRUE(Reaches(kPage, Access::kWrite, 20));
  EXPECT_EQ(mmu_.Lookup(root_, kPage)->frame, FrameNumber{20});
  EXPECT_TRUE(mmu_.Lookup(root_, kPage)->dirty);
  EXPECT_EQ(mmu_.Replace(root_, kPage, {.frame = FrameNumber{22}, .access = Access::kRead}), Status::kOk);
  EXPECT_EQ(mmu_.Replace(root_, kPage + kPageSize, {.frame = FrameNumber{22}}), Status::kNotFound);
  EXPECT_EQ(mmu_.Unmap(root_, kPage)->frame, FrameNumber{22});
  EXPECT_FALSE(mmu_.Unmap(root_, kPage));
  EXPECT_FALSE(mmu_.Lookup(root_, kPage));
}

TEST_F(MmuTest, CachedTranslationsStayUntilFlushed) {
  ASSERT_EQ(Map(kPage, 20), Status::kOk);
  ASSERT_TRUE(Reaches(kPage, Access::kWrite, 20));
  ASSERT_TRUE(mmu_.Unmap(root_, kPage));
  EXPECT_TRUE(Reaches(kPage, Access::kWrite, 20)) << "a missing flush must show";
  EXPECT_TRUE(mmu_.CachedTranslationOf(FrameNumber{20}));
  mmu_.FlushPage(kPage);
  EXPECT_FALSE(Reaches(kPage, Access::kRead, 20));
  ASSERT_EQ(Map(kPage, 21), Status::kOk);
  ASSERT_TRUE(Reaches(kPage, Access::kRead, 21));
  ASSERT_TRUE(mmu_.Unmap(root_, kPage));
  mmu_.FlushAll();
  EXPECT_FALSE(Reaches(kPage, Access::kRead, 21));
}

TEST_F(MmuTest, ARefusedAccessDropsTheCachedTranslation) {
  ASSERT_EQ(Map(kPage, 20, Access::kRead), Status::kOk);
  ASSERT_TRUE(Reaches(kPage, Access::kRead, 20));
  ASSERT_EQ(mmu_.Replace(root_, kPage, {.frame = FrameNumber{20}, .access = kReadWrite}), Status::kOk);
  const Mmu::Translation refused = mmu_.Translate(kPage, Access::kWrite, Mode::kUser);
  EXPECT_FALSE(refused.allowed);
  EXPECT_TRUE(refused.present);
  EXPECT_TRUE(Reaches(kPage, Access::kWrite, 20));
}

TEST_F(MmuTest, LoadingARootForgetsUserTranslationsOnly) {
  const VirtAddr kernel_page = arch::kKernelVirtualBase + 0x7000;
  ASSERT_EQ(Map(kPage, 20), Status::kOk);
  ASSERT_EQ(mmu_.Map(root_, kernel_page, {.frame = FrameNumber{30}, .access = kReadWrite, .mode = Mode::kKernel}, *this),
            Status::kOk);
  ASSERT_TRUE(Reaches(kPage, Access::kRead, 20));
  EXPECT_FALSE(Reaches(kernel_page, Access::kRead, 30)) << "user mode reached a kernel page";
  ASSERT_TRUE(mmu_.Translate(kernel_page, kReadWrite, Mode::kKernel).allowed);
  const PhysAddr other = mmu_.CreateRoot(*this).value();
  mmu_.LoadRoot(other);
  EXPECT_FALSE(Reaches(kPage, Access::kRead, 20));
  EXPECT_TRUE(mmu_.Translate(kernel_page, kReadWrite, Mode::kKernel).allowed);
  EXPECT_EQ(mmu_.Lookup(other, kernel_page)->frame, FrameNumber{30}) << "the kernel half is shared";
}

TEST_F(MmuTest, APageWithoutAccessIsThereButNotPresent) {
  ASSERT_EQ(Map(kPage, 20, Access::kNone), Status::kOk);
  const Mmu::Translation refused = mmu_.Translate(kPage, Access::kRead, Mode::kUser);
  EXPECT_FALSE(refused.allowed);
  EXPECT_FALSE(refused.present);
  EXPECT_EQ(mmu_.Lookup(root_, kPage)->frame, FrameNumber{20});
}

TEST_F(MmuTest, VisitsMappedPagesInOrderAndWritesWhatTheVisitorWants) {
  const std::vector<VirtAddr> pages = {VirtAddr{0x1000}, kPage, kPage + kPageSize, VirtAddr{0x7000'0000'0000}};
  std::uint64_t frame = 20;
  for (const VirtAddr page : pages) ASSERT_EQ(Map(page, frame++), Status::kOk);
  std::vector<VirtAddr> seen;
  mmu_.Visit(root_, arch::kUserBase, arch::kUserEnd, [&](VirtAddr page, PageMapping& mapping) {
    seen.push_back(page);
    if (page == kPage) return arch::PageEdit::kUnmap;
    mapping.access = Access::kRead;
    return page == kPage + kPageSize ? arch::PageEdit::kReplace : arch::PageEdit::kKeep;
  });
  EXPECT_EQ(seen, pages);
  EXPECT_FALSE(mmu_.Lookup(root_, kPage));
  EXPECT_EQ(mmu_.Lookup(root_, kPage + kPageSize)->access, Access::kRead);
  EXPECT_EQ(mmu_.Lookup(root_, pages[3])->access, kReadWrite);
  seen.clear();
  mmu_.Visit(root_, kPage, kPage + kPageSize, [&](VirtAddr page, PageMapping&) {
    seen.push_back(page);
    return arch::PageEdit::kKeep;
  });
  EXPECT_TRUE(seen.empty());
}

TEST_F(MmuTest, MappingWithoutMemoryChangesNothingThatTranslates) {
  for (int left = 0; left < 3; ++left) {
    tables_left_ = left;
    EXPECT_EQ(Map(VirtAddr{0x7000'0000'0000}, 20), Status::kNoMemory);
    EXPECT_FALSE(mmu_.Lookup(root_, VirtAddr{0x7000'0000'0000}));
    mmu_.LoadRoot(Mmu::kKernelRoot);
    mmu_.DestroyRoot(root_, *this);
    EXPECT_EQ(tables_out_, 0);
    tables_left_ = 1;
    root_ = mmu_.CreateRoot(*this).value();
    mmu_.LoadRoot(root_);
  }
}

TEST_F(MmuTest, HistoryKeepsEveryStepInOrder) {
  ASSERT_EQ(Map(kPage, 20), Status::kOk);
  mmu_.ClearHistory();
  ASSERT_TRUE(mmu_.Unmap(root_, kPage));
  mmu_.FlushPage(kPage);
  ASSERT_EQ(mmu_.history().size(), 2u);
  EXPECT_EQ(mmu_.history()[0].kind, MmuEvent::Kind::kWrite);
  EXPECT_EQ(mmu_.history()[0].page, kPage);
  EXPECT_NE(mmu_.history()[0].old_entry, 0u);
  EXPECT_EQ(mmu_.history()[0].new_entry, 0u);
  EXPECT_EQ(mmu_.history()[1].kind, MmuEvent::Kind::kFlushPage);
}

using MmuDeathTest = MmuTest;

TEST_F(MmuDeathTest, WhatARealMachineWouldTurnIntoACrashIsOne) {
  EXPECT_DEATH(mmu_.Ram(PhysAddr{4u << 20}), "is not RAM");
  EXPECT_DEATH((void)Map(VirtAddr{0}, 20), "check failed");
  ASSERT_EQ(Map(kPage, 20), Status::kOk);
  mmu_.LoadRoot(Mmu::kKernelRoot);
  EXPECT_DEATH(mmu_.DestroyRoot(root_, *this), "still maps pages");
}

}  // namespace
}  // namespace esc::host

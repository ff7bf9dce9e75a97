#include "kernel/core/thread/thread_slab.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <vector>

#include "kernel/mm/frames.h"
#include "kernel/mm/machine_fixture.h"

namespace esc::core {
namespace {

class ThreadSlabTest : public mm::MachineTest {
 protected:
  ThreadSlabTest() { check_leaks_ = false; }  // blocks are kept on purpose
  std::unique_ptr<ThreadSlab> slab_ = std::make_unique<ThreadSlab>();
};

TEST_F(ThreadSlabTest, OnlyTheStartOfASlotInUseIsRecognised) {
  ASSERT_EQ(slab_->Init(1000), Status::kOk);
  EXPECT_EQ(slab_->slot_bytes(), 1024u);
  EXPECT_FALSE(slab_->IsUsed(nullptr));
  auto* slot = static_cast<std::byte*>(slab_->Allocate());
  ASSERT_NE(slot, nullptr);
  EXPECT_TRUE(slab_->IsUsed(slot));
  for (const int offset : {-1024, -64, -1, 1, 8, 64, 1023, 1024}) EXPECT_FALSE(slab_->IsUsed(slot + offset)) << offset;
  int local = 0;
  EXPECT_FALSE(slab_->IsUsed(&local));
  EXPECT_FALSE(slab_->IsUsed(reinterpret_cast<void*>(~std::uintptr_t{0})));
  slab_->Free(slot);
  EXPECT_FALSE(slab_->IsUsed(slot));
}

TEST_F(ThreadSlabTest, SlotsAreDistinctZeroedAndReused) {
  ASSERT_EQ(slab_->Init(1500), Status::kOk);
  std::set<void*> slots;
  for (int i = 0; i < 500; ++i) {
    auto* slot = static_cast<std::byte*>(slab_->Allocate());
    ASSERT_NE(slot, nullptr);
    EXPECT_TRUE(slots.insert(slot).second);
    for (std::size_t at = 0; at < slab_->slot_bytes(); ++at) ASSERT_EQ(slot[at], std::byte{0});
    slot[0] = slot[slab_->slot_bytes() - 1] = std::byte{0xFF};
  }
  const std::uint64_t free = mm::GetFrameStats().free;
  for (void* slot : slots) slab_->Free(slot);
  for (int i = 0; i < 500; ++i) EXPECT_TRUE(slots.contains(slab_->Allocate()));
  EXPECT_EQ(mm::GetFrameStats().free, free);
}

TEST_F(ThreadSlabTest, ExhaustedMemoryGivesNothingAndASlotMayNotBeHuge) {
  EXPECT_EQ(slab_->Init(100'000), Status::kOutOfRange);
  ASSERT_EQ(slab_->Init(1000), Status::kOk);
  mm::FailAllocationsAfter(0);
  EXPECT_EQ(slab_->Allocate(), nullptr);
  mm::FailAllocationsAfter(~std::uint64_t{0});
  EXPECT_NE(slab_->Allocate(), nullptr);
}

}  // namespace
}  // namespace esc::core

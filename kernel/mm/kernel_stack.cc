#include "kernel/mm/kernel_stack.h"

#include <array>
#include <bit>

#include "kernel/arch_api/paging.h"
#include "kernel/base/check.h"
#include "kernel/base/spin_lock.h"
#include "kernel/mm/frames.h"

namespace esc::mm {
namespace {

constexpr std::uint64_t kStackPages = kKernelStackBytes / kPageSize;
// A guard page below each stack; the next stack's guard page ends it above.
constexpr std::uint64_t kSlotBytes = kPageSize + kKernelStackBytes;
// 65,536 processes and as many threads more.
constexpr std::size_t kSlots = 1u << 17;
static_assert(kSlots * kSlotBytes + kPageSize <= arch::kKernelVirtualEnd.value - arch::kKernelVirtualBase.value);

// Which slots of the virtual range are taken: one bit each, the lowest free one first.
class SlotMap {
 public:
  constexpr SlotMap() = default;
  // kSlots when all are taken.
  std::size_t Take() {
    for (std::size_t word = first_free_word_; word < words_.size(); ++word) {
      if (~words_[word] == 0) continue;
      const int bit = std::countr_one(words_[word]);
      words_[word] |= std::uint64_t{1} << bit;
      first_free_word_ = word;
      return word * 64 + static_cast<std::size_t>(bit);
    }
    first_free_word_ = words_.size();
    return kSlots;
  }
  void Give(std::size_t slot) {
    const std::uint64_t bit = std::uint64_t{1} << slot % 64;
    ESC_CHECK((words_[slot / 64] & bit) != 0);
    words_[slot / 64] &= ~bit;
    if (slot / 64 < first_free_word_) first_free_word_ = slot / 64;
  }
  void Clear() {
    words_.fill(0);
    first_free_word_ = 0;
  }

 private:
  std::array<std::uint64_t, kSlots / 64> words_{};
  std::size_t first_free_word_ = 0;
};

// Guards the kernel root's range of stacks too. The rank is that of address spaces: frames are allocated under it, and
// nobody holds both.
constinit SpinLock stacks_lock(LockRank::kAddressSpace);
constinit SlotMap slots ESC_GUARDED_BY(stacks_lock);
// Mapped and free: a process that exits leaves its stack to the next one.
constinit std::array<std::size_t, 32> cached ESC_GUARDED_BY(stacks_lock) = {};
constinit std::size_t cached_count ESC_GUARDED_BY(stacks_lock) = 0;

KernelStack StackOf(std::size_t slot) {
  const VirtAddr bottom = arch::kKernelVirtualBase + slot * kSlotBytes + kPageSize;
  return {bottom, bottom + kKernelStackBytes};
}

// The lowest `pages` pages of a stack. Clear, flush, then free.
void UnmapStack(const KernelStack& stack, std::uint64_t pages) ESC_REQUIRES(stacks_lock) {
  for (std::uint64_t i = 0; i < pages; ++i) {
    const VirtAddr page = stack.bottom + i * kPageSize;
    const std::optional<arch::PageMapping> was = arch::UnmapPage(arch::KernelRoot(), page);
    ESC_CHECK(was.has_value());
    arch::FlushPage(page);
    FreeFrames(was->frame, 0);
  }
}

Status MapStack(const KernelStack& stack) ESC_REQUIRES(stacks_lock) {
  for (std::uint64_t i = 0; i < kStackPages; ++i) {
    const Result<FrameNumber> frame = AllocateFrame();
    Status status = frame.status();
    if (Ok(status)) {
      const arch::PageMapping mapping{.frame = *frame,
                                      .access = arch::Access::kRead | arch::Access::kWrite,
                                      .mode = arch::Mode::kKernel};
      status = arch::MapPage(arch::KernelRoot(), stack.bottom + i * kPageSize, mapping, TableFrames());
      if (!Ok(status)) FreeFrames(*frame, 0);
    }
    if (Ok(status)) continue;
    UnmapStack(stack, i);
    return status;
  }
  return Status::kOk;
}

}  // namespace

Result<KernelStack> AllocateKernelStack() {
  const SpinLockGuard guard(stacks_lock);
  if (cached_count != 0) {
    // Taken from the allowance too, so that a test of a failing fork need not empty the cache first.
    if (!TakeAllocationAllowance()) return Status::kNoMemory;
    return StackOf(cached[--cached_count]);
  }
  const std::size_t slot = slots.Take();
  if (slot == kSlots) return Status::kNoMemory;
  const KernelStack stack = StackOf(slot);
  if (const Status status = MapStack(stack); !Ok(status)) {
    slots.Give(slot);
    return status;
  }
  return stack;
}

void FreeKernelStack(KernelStack stack) {
  const std::uint64_t offset = stack.bottom - arch::kKernelVirtualBase;
  const std::size_t slot = offset / kSlotBytes;
  ESC_CHECK(slot < kSlots && StackOf(slot).bottom == stack.bottom && StackOf(slot).top == stack.top);
  const SpinLockGuard guard(stacks_lock);
  if (cached_count < cached.size()) {
    cached[cached_count++] = slot;
    return;
  }
  UnmapStack(stack, kStackPages);
  slots.Give(slot);
}

void ResetKernelStacksForTest() {
  const SpinLockGuard guard(stacks_lock);
  slots.Clear();
  cached_count = 0;
}

}  // namespace esc::mm

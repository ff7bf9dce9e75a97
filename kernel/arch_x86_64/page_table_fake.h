// Memory for PageTable and KernelMap in tests: keeps every write, so that each intermediate state can be
// checked, and fails the test when a table is used that nobody allocated.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "gtest/gtest.h"
#include "kernel/arch_api/paging.h"
#include "kernel/base/status.h"
#include "kernel/base/units.h"

namespace esc::arch::x86 {

class FakeTableMemory final : public TableFrameSource {
 public:
  struct Write {
    PhysAddr at;
    std::uint64_t before;
    std::uint64_t value;
  };

  // Page-table memory.
  std::uint64_t Load(PhysAddr at) {
    ExpectTable(at);
    const auto found = words_.find(at.value);
    return found == words_.end() ? 0 : found->second;
  }
  void Store(PhysAddr at, std::uint64_t value) {
    writes_.push_back({at, Load(at), value});
    words_[at.value] = value;
  }
  std::uint64_t Exchange(PhysAddr at, std::uint64_t value) {
    const std::uint64_t before = Load(at);
    Store(at, value);
    ++exchanges;
    return before;
  }

  // Frames.
  Result<FrameNumber> AllocateTableFrame() override {
    if (frames_left == 0) return Status::kNoMemory;
    --frames_left;
    const FrameNumber frame{next_frame_++};
    tables_.insert(frame.value);
    return frame;
  }
  void FreeTableFrame(FrameNumber frame) override {
    EXPECT_EQ(tables_.erase(frame.value), 1u) << "freed twice, or never allocated";
    freed.push_back(frame);
    for (std::uint64_t i = 0; i < 512; ++i) words_.erase(AddressOf(frame).value + i * 8);
  }
  Result<PhysAddr> Allocate() { return AddressOf(ESC_TRY(AllocateTableFrame())); }

  std::size_t tables() const { return tables_.size(); }
  const std::vector<Write>& writes() const { return writes_; }
  void ForgetWrites() { writes_.clear(); }

  std::size_t frames_left = 1000;
  unsigned exchanges = 0;
  std::vector<FrameNumber> freed;

 private:
  void ExpectTable(PhysAddr at) {
    EXPECT_TRUE(tables_.contains(at.Frame().value)) << std::hex << at.value << " lies in no table";
  }

  std::uint64_t next_frame_ = 0x100;
  std::set<std::uint64_t> tables_;
  std::map<std::uint64_t, std::uint64_t> words_;
  std::vector<Write> writes_;
};

}  // namespace esc::arch::x86

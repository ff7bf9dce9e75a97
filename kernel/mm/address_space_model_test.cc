// Thousands of random steps on a family of address spaces, each compared with a model of one byte a page.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "kernel/arch_api/paging.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/address_space_fixture.h"
#include "kernel/mm/frames.h"
#include "kernel/mm/ref_ptr.h"

namespace esc::mm {
namespace {

using arch::Access;

constexpr std::size_t kPages = 96;
constexpr std::size_t kSpaces = 4;

// What a shared page holds, wherever it is mapped.
using SharedByte = std::shared_ptr<std::uint8_t>;

struct ModelPage {
  bool mapped = false;
  Access access = Access::kNone;
  std::uint8_t byte = 0;
  SharedByte shared;  // empty: private
};
using ModelSpace = std::array<ModelPage, kPages>;

class AddressSpaceModelTest : public AddressSpaceTest, public ::testing::WithParamInterface<unsigned> {
 protected:
  struct Member {
    RefPtr<AddressSpace> space;
    ModelSpace model;
  };

  void TearDown() override {
    for (Member& member : members_) member.space.Reset();
    AddressSpaceTest::TearDown();
  }

  std::size_t Random(std::size_t bound) { return random_() % bound; }
  static VirtAddr At(std::size_t page) { return kBase + page * kPageSize; }

  // A random range; short ones are likelier.
  void PickRange() {
    begin_ = Random(kPages);
    const std::size_t longest = Random(10) == 0 ? kPages : 8;
    end_ = std::min(kPages, begin_ + 1 + Random(longest));
  }
  std::uint64_t Bytes() const { return (end_ - begin_) * kPageSize; }

  void MapStep(Member& member) {
    const Access access = static_cast<Access>(Random(4));
    const Sharing sharing = Random(4) == 0 ? Sharing::kShared : Sharing::kPrivate;
    const Placement placement = Random(3) == 0 ? Placement::kFixedNew : Placement::kFixed;
    bool taken = false;
    for (std::size_t page = begin_; page < end_; ++page) taken |= member.model[page].mapped;
    const auto mapped = member.space->Map(At(begin_), Bytes(), placement, {.access = access, .sharing = sharing});
    if (placement == Placement::kFixedNew && taken) {
      ASSERT_EQ(mapped.status(), Status::kAlreadyExists);
      return;
    }
    ASSERT_EQ(mapped.value(), At(begin_));
    for (std::size_t page = begin_; page < end_; ++page) {
      member.model[page] = {.mapped = true, .access = access, .byte = 0, .shared = {}};
      if (sharing == Sharing::kShared) member.model[page].shared = std::make_shared<std::uint8_t>(0);
    }
  }

  void UnmapStep(Member& member) {
    ASSERT_EQ(member.space->Unmap(At(begin_), Bytes()), Status::kOk);
    for (std::size_t page = begin_; page < end_; ++page) member.model[page] = {};
  }

  void ProtectStep(Member& member) {
    const Access access = static_cast<Access>(Random(4));
    bool filled = true;
    for (std::size_t page = begin_; page < end_; ++page) filled &= member.model[page].mapped;
    ASSERT_EQ(member.space->Protect(At(begin_), Bytes(), access), filled ? Status::kOk : Status::kNoMemory);
    if (!filled) return;
    for (std::size_t page = begin_; page < end_; ++page) member.model[page].access = access;
  }

  void DiscardStep(Member& member) {
    bool filled = true;
    for (std::size_t page = begin_; page < end_; ++page) filled &= member.model[page].mapped;
    ASSERT_EQ(member.space->Discard(At(begin_), Bytes()), filled ? Status::kOk : Status::kNoMemory);
    for (std::size_t page = begin_; page < end_; ++page) member.model[page].byte = 0;
  }

  void MoveStep(Member& member) {
    // One page, away and back: its bytes go with it, and what it left is free.
    const std::size_t page = begin_;
    if (!member.model[page].mapped || member.model[page].shared) return;
    const Result<VirtAddr> moved =
        member.space->Remap(At(page), kPageSize, (kPages + 1) * kPageSize, AddressSpace::MayMove::kYes);
    ASSERT_TRUE(moved.ok());
    if (*moved == At(page)) {  // it was the last one, and could grow in place
      ASSERT_EQ(member.space->Unmap(At(kPages), kPages * kPageSize), Status::kOk);
      for (std::size_t grown = page + 1; grown < kPages; ++grown) {
        ASSERT_FALSE(member.model[grown].mapped);
        member.model[grown] = {.mapped = true, .access = member.model[page].access, .byte = 0, .shared = {}};
      }
      return;
    }
    std::uint8_t byte = 0;
    if (member.model[page].access != Access::kNone) {
      ASSERT_EQ(member.space->Read(*moved + 100, &byte, 1), Status::kOk);
      ASSERT_EQ(byte, member.model[page].byte);
    }
    ASSERT_EQ(member.space->Unmap(*moved, (kPages + 1) * kPageSize), Status::kOk);
    member.model[page] = {};
  }

  void ForkStep(Member& member) {
    Member& other = members_[Random(kSpaces)];
    if (&other == &member) return;
    if (current_ == other.space) Use(member.space);
    if (Random(4) == 0) FailAllocationsAfter(Random(12));
    Result<RefPtr<AddressSpace>> child = member.space->Fork();
    FailAllocationsAfter(~std::uint64_t{0});
    if (!child.ok()) return;
    other.space = *child;
    other.model = member.model;
  }

  void WriteStep(Member& member) {
    const auto byte = static_cast<std::uint8_t>(1 + Random(255));
    const bool directly = Random(4) == 0;  // through the kernel, as exec does
    if (!directly) Use(member.space);
    for (std::size_t page = begin_; page < end_; ++page) {
      ModelPage& expected = member.model[page];
      const bool allowed = expected.mapped && arch::Allows(expected.access, Access::kWrite);
      const Status status = directly ? member.space->Write(At(page) + 100, &byte, 1) : Store(At(page) + 100, byte);
      ASSERT_EQ(Ok(status), allowed) << "page " << page;
      if (!allowed) continue;
      expected.byte = byte;
      if (expected.shared) *expected.shared = byte;
    }
  }

  void ReadStep(Member& member) {
    Use(member.space);
    for (std::size_t page = begin_; page < end_; ++page) {
      const ModelPage& expected = member.model[page];
      const bool allowed = expected.mapped && expected.access != Access::kNone;
      const int byte = expected.shared ? *expected.shared : expected.byte;
      ASSERT_EQ(Load(At(page) + 100), allowed ? byte : -1) << "page " << page;
    }
  }

  std::mt19937 random_;
  std::array<Member, kSpaces> members_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

TEST_P(AddressSpaceModelTest, RandomStepsGiveWhatTheModelSays) {
  random_.seed(GetParam());
  for (Member& member : members_) member.space = NewSpace();
  Use(members_[0].space);
  std::size_t chosen = 0;
  for (int step = 0; step < 4000; ++step) {
    SCOPED_TRACE("step " + std::to_string(step));
    // Mostly the one that is loaded: switching flushes, and would hide a flush that is missing.
    if (Random(8) == 0) chosen = Random(kSpaces);
    Member& member = members_[chosen];
    PickRange();
    switch (Random(16)) {
      case 0:
      case 1: MapStep(member); break;
      case 2: UnmapStep(member); break;
      case 3: ProtectStep(member); break;
      case 4: DiscardStep(member); break;
      case 5: ForkStep(member); break;
      case 6: MoveStep(member); break;
      case 7:
      case 8:
      case 9:
      case 10:
      case 11: WriteStep(member); break;
      default: ReadStep(member); break;
    }
    if (HasFatalFailure()) return;
    std::uint64_t mapped = 0;
    for (const ModelPage& page : member.model) mapped += page.mapped ? kPageSize : 0;
    ASSERT_EQ(member.space->stats().mapped_bytes, mapped);
    ASSERT_LE(member.space->stats().resident_pages, mapped / kPageSize);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, AddressSpaceModelTest, ::testing::Values(1u, 2u, 3u, 4u, 5u));

}  // namespace
}  // namespace esc::mm

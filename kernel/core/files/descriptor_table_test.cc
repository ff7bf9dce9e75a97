#include "kernel/core/descriptor_table.h"

#include <gtest/gtest.h>

#include <vector>

#include "kernel/core/testing/core_machine.h"
#include "kernel/mm/frames.h"
#include "kernel/mm/machine_fixture.h"

namespace esc::core {
namespace {

class CountedFile : public File {
 public:
  explicit CountedFile(int& closed) : File({}), closed_(closed) {}
  Result<std::size_t> Read(IoBuffer) override { return std::size_t{0}; }
  Result<std::size_t> Write(IoBuffer) override { return std::size_t{0}; }
  void Closed() override { ++closed_; }

 private:
  int& closed_;
};

class DescriptorTableTest : public mm::MachineTest {
 protected:
  mm::RefPtr<File> NewFile() { return mm::MakeRef<CountedFile>(closed_).value(); }
  int closed_ = 0;
};

TEST_F(DescriptorTableTest, TheLowestFreeDescriptorIsTaken) {
  const auto table = DescriptorTable::Create().value();
  for (int i = 0; i < 40; ++i) EXPECT_EQ(table->Add(NewFile(), CloseOnExec::kNo).value(), i);
  EXPECT_EQ(table->Close(7), Status::kOk);
  EXPECT_EQ(table->Close(3), Status::kOk);
  EXPECT_EQ(table->Add(NewFile(), CloseOnExec::kNo, 5).value(), 7);
  EXPECT_EQ(table->Add(NewFile(), CloseOnExec::kNo).value(), 3);
  EXPECT_EQ(table->Add(NewFile(), CloseOnExec::kNo, 100).value(), 100);
  EXPECT_EQ(table->NextOpen(40), 100);
  EXPECT_EQ(table->NextOpen(101), -1);
}

TEST_F(DescriptorTableTest, TheLimitAndWrongNumbersAreRefused) {
  const auto table = DescriptorTable::Create().value();
  table->SetLimit(2);
  EXPECT_TRUE(table->Add(NewFile(), CloseOnExec::kNo).ok());
  EXPECT_TRUE(table->Add(NewFile(), CloseOnExec::kNo).ok());
  EXPECT_EQ(table->Add(NewFile(), CloseOnExec::kNo).status(), Status::kTooManyOpen);
  EXPECT_EQ(table->Put(2, NewFile(), CloseOnExec::kNo), Status::kBadDescriptor);
  EXPECT_EQ(table->Put(-1, NewFile(), CloseOnExec::kNo), Status::kBadDescriptor);
  EXPECT_EQ(table->Get(5).status(), Status::kBadDescriptor);
  EXPECT_EQ(table->Close(2), Status::kBadDescriptor);
  table->SetLimit(1 << 20);
  for (int i = 2; i < DescriptorTable::kMaxDescriptors; ++i) ASSERT_TRUE(table->Add(NewFile(), CloseOnExec::kNo).ok());
  EXPECT_EQ(table->Add(NewFile(), CloseOnExec::kNo).status(), Status::kTooManyOpen);
}

TEST_F(DescriptorTableTest, ADescriptionIsClosedWithItsLastDescriptorWhoeverStillReads) {
  const auto table = DescriptorTable::Create().value();
  EXPECT_TRUE(table->Add(NewFile(), CloseOnExec::kNo).ok());
  const auto reading = table->Get(0).value();
  EXPECT_EQ(table->Put(1, reading, CloseOnExec::kNo), Status::kOk);
  auto forked = table->Fork().value();
  EXPECT_EQ(table->Close(0), Status::kOk);
  EXPECT_EQ(table->Close(1), Status::kOk);
  EXPECT_EQ(closed_, 0);
  forked.Reset();
  EXPECT_EQ(closed_, 1);
}

TEST_F(DescriptorTableTest, PutClosesWhatWasThereAndOntoItselfClosesNothing) {
  const auto table = DescriptorTable::Create().value();
  EXPECT_TRUE(table->Add(NewFile(), CloseOnExec::kNo).ok());
  EXPECT_EQ(table->Put(0, NewFile(), CloseOnExec::kNo), Status::kOk);
  EXPECT_EQ(closed_, 1);
  EXPECT_EQ(table->Put(0, table->Get(0).value(), CloseOnExec::kNo), Status::kOk);
  EXPECT_EQ(closed_, 1);
}

TEST_F(DescriptorTableTest, ExecClosesTheMarkedOnesOnly) {
  const auto table = DescriptorTable::Create().value();
  EXPECT_TRUE(table->Add(NewFile(), CloseOnExec::kYes).ok());
  EXPECT_TRUE(table->Add(NewFile(), CloseOnExec::kNo).ok());
  EXPECT_TRUE(table->Add(NewFile(), CloseOnExec::kNo).ok());
  EXPECT_EQ(table->SetCloseOnExec(2, CloseOnExec::kYes), Status::kOk);
  EXPECT_EQ(table->GetCloseOnExec(2).value(), CloseOnExec::kYes);
  table->CloseForExec();
  EXPECT_EQ(table->NextOpen(0), 1);
  EXPECT_EQ(table->NextOpen(2), -1);
  EXPECT_EQ(closed_, 2);
}

TEST_F(DescriptorTableTest, AFailedForkLeavesTheTableAsItWas) {
  const auto table = DescriptorTable::Create().value();
  EXPECT_TRUE(table->Add(NewFile(), CloseOnExec::kNo, 900).ok());
  const mm::MemoryInUse before = mm::CurrentMemoryInUse();
  int failures = 0;
  for (std::uint64_t allowed = 0;; ++allowed) {
    mm::FailAllocationsAfter(allowed);
    const bool ok = table->Fork().ok();
    mm::FailAllocationsAfter(~std::uint64_t{0});
    EXPECT_EQ(mm::CurrentMemoryInUse(), before);
    if (ok) break;
    ++failures;
  }
  EXPECT_GE(failures, 1);
}

}  // namespace
}  // namespace esc::core

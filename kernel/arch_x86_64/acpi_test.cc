#include "kernel/arch_x86_64/acpi.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "kernel/arch_x86_64/parser_fake.h"

namespace esc::arch::x86 {
namespace {

constexpr std::uint64_t kRsdt = 0x10000, kMadt = 0x20000, kFadt = 0x30000, kDsdt = 0x40000;

ByteWriter Header(std::string_view signature) {
  ByteWriter out;
  out.Text(signature).Zeros(32);
  return out;
}

std::vector<std::byte> Finished(ByteWriter table) {
  table.Patch<std::uint32_t>(4, static_cast<std::uint32_t>(table.bytes().size()));
  return table.Checksum(9).bytes();
}

ByteWriter RootPointerOf(std::uint32_t rsdt) {
  ByteWriter out;
  out.Text("RSD PTR ").Put<std::uint8_t>(0).Text("ESCAPE").Put<std::uint8_t>(0).Put(rsdt);
  out.Checksum(8);
  return out;
}

ByteWriter Madt() {
  ByteWriter out = Header("APIC");
  out.Put<std::uint32_t>(0xFEE00000).Put<std::uint32_t>(1);
  out.Put<std::uint8_t>(0).Put<std::uint8_t>(8).Put<std::uint8_t>(0).Put<std::uint8_t>(7).Put<std::uint32_t>(1);
  out.Put<std::uint8_t>(0).Put<std::uint8_t>(8).Put<std::uint8_t>(1).Put<std::uint8_t>(8).Put<std::uint32_t>(0);
  out.Put<std::uint8_t>(1).Put<std::uint8_t>(12).Put<std::uint16_t>(0);
  out.Put<std::uint32_t>(0xFEC00000).Put<std::uint32_t>(16);
  out.Put<std::uint8_t>(2).Put<std::uint8_t>(10).Put<std::uint8_t>(0).Put<std::uint8_t>(4);
  out.Put<std::uint32_t>(20).Put<std::uint16_t>(0xF);
  out.Put<std::uint8_t>(200).Put<std::uint8_t>(4).Put<std::uint16_t>(0);  // a type of the future
  return out;
}

ByteWriter Fadt() {
  ByteWriter out = Header("FACP");
  out.Zeros(129 - 36);
  out.Patch<std::uint32_t>(40, kDsdt).Patch<std::uint32_t>(64, 0x604).Patch<std::uint32_t>(76, 0x608);
  out.Patch<std::uint32_t>(112, 1 << 10).Patch<std::uint8_t>(116, 1).Patch<std::uint64_t>(120, 0xCF9);
  out.Patch<std::uint8_t>(128, 0x0F);
  return out;
}

ByteWriter Dsdt() {
  ByteWriter out = Header("DSDT");
  // A use of the name, then its definition: Name (_S5, Package (4) {5, One, 0, 0}).
  out.Text("_S5_").Put<std::uint8_t>(0x08).Text("_S5_").Put<std::uint8_t>(0x12).Put<std::uint8_t>(8);
  out.Put<std::uint8_t>(4).Put<std::uint8_t>(0x0A).Put<std::uint8_t>(5).Put<std::uint8_t>(1).Put<std::uint16_t>(0);
  return out;
}

class AcpiTest : public testing::Test {
 protected:
  AcpiTest() {
    ByteWriter rsdt = Header("RSDT");
    rsdt.Put<std::uint32_t>(kMadt).Put<std::uint32_t>(0x99000).Put<std::uint32_t>(kFadt);
    memory_.Place(kRsdt, Finished(rsdt));
    memory_.Place(kMadt, Finished(Madt()));
    memory_.Place(kFadt, Finished(Fadt()));
    memory_.Place(kDsdt, Finished(Dsdt()));
  }
  FakePhysicalMemory memory_;
};

TEST_F(AcpiTest, ReadsControllersCpusAndPower) {
  const auto info = ReadAcpi({PhysAddr{kRsdt}, false}, memory_);
  ASSERT_TRUE(info.ok());
  ASSERT_EQ(info->cpus.size(), 1u);
  EXPECT_EQ(info->cpus[0], 7u);
  ASSERT_EQ(info->io_apics.size(), 1u);
  EXPECT_EQ(info->io_apics[0].base, PhysAddr{0xFEC00000});
  EXPECT_EQ(info->io_apics[0].first_gsi, 16u);
  EXPECT_EQ(info->isa[4].gsi, 20u);
  EXPECT_TRUE(info->isa[4].active_low && info->isa[4].level);
  EXPECT_EQ(info->isa[5].gsi, 5u);
  EXPECT_EQ(info->power.pm1a_control, 0x604);
  EXPECT_EQ(info->power.s5_type_a, 5);
  EXPECT_EQ(info->power.s5_type_b, 1);
  EXPECT_EQ(info->power.reset_port, 0xCF9);
  EXPECT_EQ(info->power.reset_value, 0x0F);
  EXPECT_EQ(info->pm_timer_port, 0x608);
}

TEST_F(AcpiTest, ADamagedTableIsPassedOver) {
  ByteWriter fadt = Fadt();
  fadt.Patch<std::uint32_t>(4, 129);
  std::vector<std::byte> bytes = fadt.Checksum(9).bytes();
  bytes[100] ^= std::byte{1};
  memory_.Place(kFadt, bytes);
  const auto info = ReadAcpi({PhysAddr{kRsdt}, false}, memory_);
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->power.pm1a_control, 0);
  ASSERT_EQ(info->damaged.size(), 1u);
  EXPECT_EQ(info->damaged[0], "FACP");
}

TEST_F(AcpiTest, DamagedTablesThatAreNeededAreNamedAndOthersAreNot) {
  for (const std::uint64_t at : {kMadt, kDsdt}) {
    std::vector<std::byte> bytes = Finished(at == kMadt ? Madt() : Dsdt());
    bytes.back() ^= std::byte{1};
    memory_.Place(at, bytes);
  }
  std::vector<std::byte> bytes = Finished(Header("SSDT"));
  bytes.back() ^= std::byte{1};
  memory_.Place(0x99000, bytes);
  const auto info = ReadAcpi({PhysAddr{kRsdt}, false}, memory_);
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->io_apics.size(), 0u);
  EXPECT_EQ(info->power.pm1a_control, 0);
  ASSERT_EQ(info->damaged.size(), 2u);
  EXPECT_EQ(info->damaged[0], "APIC");
  EXPECT_EQ(info->damaged[1], "DSDT");
}

TEST_F(AcpiTest, HardwareReducedAcpiHasASleepRegisterInMemory) {
  ByteWriter fadt = Fadt();
  fadt.Zeros(268 - 129).Patch<std::uint32_t>(64, 0).Patch<std::uint32_t>(112, 1 << 20).Patch<std::uint64_t>(248, 0xFEA00200);
  memory_.Place(kFadt, Finished(fadt));
  auto info = ReadAcpi({PhysAddr{kRsdt}, false}, memory_);
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->power.sleep_control, PhysAddr{0xFEA00200});
  EXPECT_EQ(info->power.s5_type_a, 5);
  EXPECT_EQ(info->power.pm1a_control, 0);

  // Not in memory; beyond what a page table entry holds; without a sleep type.
  ByteWriter ports = fadt;
  memory_.Place(kFadt, Finished(ports.Patch<std::uint8_t>(244, 1)));
  EXPECT_EQ(ReadAcpi({PhysAddr{kRsdt}, false}, memory_)->power.sleep_control, PhysAddr{});
  ByteWriter far = fadt;
  memory_.Place(kFadt, Finished(far.Patch<std::uint64_t>(248, std::uint64_t{1} << 52)));
  EXPECT_EQ(ReadAcpi({PhysAddr{kRsdt}, false}, memory_)->power.sleep_control, PhysAddr{});
  memory_.Place(kFadt, Finished(fadt));
  memory_.Place(kDsdt, Finished(Header("DSDT")));
  EXPECT_EQ(ReadAcpi({PhysAddr{kRsdt}, false}, memory_)->power.sleep_control, PhysAddr{});
}

TEST_F(AcpiTest, ADsdtWithoutSoftOffMeansNoAcpiPowerOff) {
  memory_.Place(kDsdt, Finished(Header("DSDT")));
  const auto info = ReadAcpi({PhysAddr{kRsdt}, false}, memory_);
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->power.pm1a_control, 0);
}

TEST_F(AcpiTest, AMissingDsdtMeansNoAcpiPowerOff) {
  ByteWriter fadt = Fadt();
  fadt.Patch<std::uint32_t>(40, 0);
  memory_.Place(kFadt, Finished(fadt));
  const auto info = ReadAcpi({PhysAddr{kRsdt}, false}, memory_);
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->power.pm1a_control, 0);
}

TEST_F(AcpiTest, TheWideFieldTellsOfADsdtWhenTheOldOneIsEmpty) {
  ByteWriter fadt = Fadt();
  fadt.Patch<std::uint32_t>(40, 0);
  fadt.Zeros(140 - fadt.bytes().size()).Put<std::uint64_t>(kDsdt);
  memory_.Place(kFadt, Finished(fadt));
  const auto info = ReadAcpi({PhysAddr{kRsdt}, false}, memory_);
  ASSERT_TRUE(info.ok());
  EXPECT_NE(info->power.pm1a_control, 0);
}

TEST(Madt, MoreIoApicsThanTheListHoldsAreLeftOut) {
  ByteWriter madt = Header("APIC");
  madt.Zeros(8);
  AcpiInfo info;
  for (std::uint8_t i = 0; i < 10; ++i) {
    madt.Put<std::uint8_t>(1).Put<std::uint8_t>(12).Zeros(2).Put<std::uint32_t>(0xFEC00000 + i * 0x1000u);
    madt.Put<std::uint32_t>(i * 24u);
  }
  EXPECT_EQ(ParseMadt(madt.bytes(), info), Status::kOk);
  EXPECT_EQ(info.io_apics.size(), 8u);
}

TEST(Madt, RefusesALocalApicThatNoPageTableCanReach) {
  ByteWriter madt = Header("APIC");
  madt.Zeros(8).Put<std::uint8_t>(5).Put<std::uint8_t>(12).Zeros(2).Put<std::uint64_t>(std::uint64_t{1} << 52);
  AcpiInfo info;
  EXPECT_EQ(ParseMadt(madt.bytes(), info), Status::kCorrupt);
}

TEST(Madt, RefusesEntriesThatBreakTheFormat) {
  AcpiInfo info;
  ByteWriter zero = Header("APIC");
  zero.Zeros(8).Put<std::uint8_t>(0).Put<std::uint8_t>(0);
  EXPECT_EQ(ParseMadt(zero.bytes(), info), Status::kCorrupt);
  ByteWriter cut = Header("APIC");
  cut.Zeros(8).Put<std::uint8_t>(1).Put<std::uint8_t>(12).Zeros(5);
  EXPECT_EQ(ParseMadt(cut.bytes(), info), Status::kTruncated);
  ByteWriter line = Header("APIC");
  line.Zeros(8).Put<std::uint8_t>(2).Put<std::uint8_t>(10).Put<std::uint8_t>(0).Put<std::uint8_t>(16).Zeros(6);
  EXPECT_EQ(ParseMadt(line.bytes(), info), Status::kCorrupt);
  EXPECT_EQ(ParseMadt(Header("FACP").bytes(), info), Status::kInvalidArgument);
}

TEST(RootPointer, ChecksSignatureAndSums) {
  ByteWriter good = RootPointerOf(kRsdt);
  const auto root = ParseRootPointer(good.bytes());
  ASSERT_TRUE(root.ok());
  EXPECT_EQ(root->table, PhysAddr{kRsdt});
  EXPECT_FALSE(root->wide);
  std::vector<std::byte> damaged = good.bytes();
  damaged[17] ^= std::byte{4};
  EXPECT_EQ(ParseRootPointer(damaged).status(), Status::kCorrupt);
  EXPECT_EQ(ParseRootPointer(std::span(good.bytes()).first(19)).status(), Status::kTruncated);
}

TEST(RootPointer, Version2PrefersTheXsdt) {
  ByteWriter out = RootPointerOf(kRsdt);
  out.Put<std::uint32_t>(36).Put<std::uint64_t>(0x1234500).Put<std::uint32_t>(0);
  out.Patch<std::uint8_t>(15, 2);
  // Both checksums: the first 20 bytes, then all.
  unsigned sum = 0;
  for (std::size_t i = 0; i < 20; ++i) sum += i == 8 ? 0 : static_cast<unsigned>(out.bytes()[i]);
  out.Patch<std::uint8_t>(8, static_cast<std::uint8_t>(-sum)).Checksum(32);
  const auto root = ParseRootPointer(out.bytes());
  ASSERT_TRUE(root.ok());
  EXPECT_EQ(root->table, PhysAddr{0x1234500});
  EXPECT_TRUE(root->wide);
}

TEST(RootPointer, IsFoundInTheBiosArea) {
  FakePhysicalMemory memory;
  EXPECT_FALSE(FindRootPointer(memory).ok());
  ByteWriter area;
  area.Zeros(0x14550);
  const ByteWriter pointer = RootPointerOf(kRsdt);
  for (const std::byte b : pointer.bytes()) area.Put(static_cast<std::uint8_t>(b));
  area.Zeros(0x20000 - area.bytes().size());
  memory.Place(0xE0000, area.bytes());
  EXPECT_EQ(FindRootPointer(memory)->table, PhysAddr{kRsdt});
}

TEST(SoftOff, RefusesWhatIsCutOrNoPackage) {
  const std::vector<std::byte> whole = Dsdt().bytes();
  for (std::size_t size = 36; size < whole.size() - 2; ++size) {
    EXPECT_FALSE(FindSoftOff(std::span(whole).first(size).subspan(36)).has_value()) << size;
  }
  ASSERT_TRUE(FindSoftOff(std::span(whole).subspan(36)).has_value());
  ByteWriter large;
  large.Put<std::uint8_t>(0x08).Text("_S5_").Put<std::uint8_t>(0x12).Put<std::uint8_t>(8).Put<std::uint8_t>(4);
  large.Put<std::uint8_t>(0x0A).Put<std::uint8_t>(8).Put<std::uint8_t>(0);
  EXPECT_FALSE(FindSoftOff(large.bytes()).has_value());
}

}  // namespace
}  // namespace esc::arch::x86

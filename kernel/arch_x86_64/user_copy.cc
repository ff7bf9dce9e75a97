#include "kernel/arch_x86_64/user_copy.h"

#include <cstddef>
#include <cstring>

#include "kernel/arch_api/paging.h"
#include "kernel/arch_x86_64/instructions.h"
#include "kernel/base/check.h"
#include "kernel/base/port.h"
#include "kernel/base/spin_lock.h"

namespace {
struct ExceptionTableEntry {
  std::uint64_t rip;
  std::uint64_t fixup;
};
struct SmapSite {
  std::uint64_t at;
  std::uint64_t instruction;  // three bytes, the lowest first
};
}  // namespace

extern "C" {
extern const ExceptionTableEntry ex_table_begin[];
extern const ExceptionTableEntry ex_table_end[];
extern const SmapSite smap_sites_begin[];
extern const SmapSite smap_sites_end[];
std::size_t CopyUserBytes(void* to, const void* from, std::size_t bytes);
std::size_t ZeroUserBytes(void* to, std::size_t bytes);
bool CompareExchangeUserWord(std::uint32_t* word, std::uint32_t* expected_and_seen, std::uint32_t desired);
bool SaveFpuToUserArea(void* area, std::uint32_t components_low, std::uint32_t components_high);
bool LoadFpuFromUserArea(const void* area, std::uint32_t components_low, std::uint32_t components_high);
extern const char LoadFpuInstruction[];
extern const char LoadFpuRefused[];
}

namespace esc::arch {
namespace x86 {

std::uint64_t UserCopyFixup(std::uint64_t rip) {
  for (const ExceptionTableEntry* entry = ex_table_begin; entry != ex_table_end; ++entry) {
    if (entry->rip == rip) return entry->fixup;
  }
  return 0;
}

std::uint64_t GeneralProtectionFixup(std::uint64_t rip) {
  return rip == reinterpret_cast<std::uint64_t>(LoadFpuInstruction) ? reinterpret_cast<std::uint64_t>(LoadFpuRefused) : 0;
}

void PatchSmapSites() {
  for (const SmapSite* site = smap_sites_begin; site != smap_sites_end; ++site) {
    std::memcpy(reinterpret_cast<void*>(site->at), &site->instruction, 3);
  }
  (void)Cpuid(0);  // serialises: SDM vol. 3A, 9.1.3, self-modifying code
}

}  // namespace x86

namespace {

// A fault may block, and its handler takes locks.
void CheckMayFault() {
  ESC_DCHECK(port::InterruptsEnabled());
  ESC_DCHECK(port::CurrentLockTrace().depth == 0);
}

bool InUserRange(VirtAddr begin, std::size_t bytes) {
  return begin >= kUserBase && begin <= kUserEnd && bytes <= kUserEnd - begin;
}

void* UserPointer(VirtAddr address) { return reinterpret_cast<void*>(address.value); }

std::uint32_t Low(std::uint64_t value) { return static_cast<std::uint32_t>(value); }
std::uint32_t High(std::uint64_t value) { return static_cast<std::uint32_t>(value >> 32); }

}  // namespace

bool x86::SaveFpuToUserMemory(VirtAddr at, std::size_t bytes, std::uint64_t components) {
  CheckMayFault();
  return InUserRange(at, bytes) && SaveFpuToUserArea(UserPointer(at), Low(components), High(components));
}

bool x86::LoadFpuFromUserMemory(VirtAddr at, std::size_t bytes, std::uint64_t components) {
  CheckMayFault();
  return InUserRange(at, bytes) && LoadFpuFromUserArea(UserPointer(at), Low(components), High(components));
}

std::size_t CopyFromUser(void* to, VirtAddr from, std::size_t bytes) {
  CheckMayFault();
  if (!InUserRange(from, bytes)) return 0;
  return bytes - CopyUserBytes(to, UserPointer(from), bytes);
}

std::size_t CopyToUser(VirtAddr to, const void* from, std::size_t bytes) {
  CheckMayFault();
  if (!InUserRange(to, bytes)) return 0;
  return bytes - CopyUserBytes(UserPointer(to), from, bytes);
}

std::size_t ZeroUser(VirtAddr to, std::size_t bytes) {
  CheckMayFault();
  if (!InUserRange(to, bytes)) return 0;
  return bytes - ZeroUserBytes(UserPointer(to), bytes);
}

Result<std::uint32_t> CompareExchangeUser(VirtAddr word, std::uint32_t expected, std::uint32_t desired) {
  CheckMayFault();
  if (word.value % sizeof(std::uint32_t) != 0) return Status::kInvalidArgument;
  if (!InUserRange(word, sizeof(std::uint32_t))) return Status::kFault;
  std::uint32_t seen = expected;
  if (!CompareExchangeUserWord(static_cast<std::uint32_t*>(UserPointer(word)), &seen, desired)) return Status::kFault;
  return seen;
}

}  // namespace esc::arch

// kernel/arch_api/paging.h on the simulated machine: the MMU, and user copies that fault as real ones do.
#include "kernel/arch_api/paging.h"

#include <algorithm>
#include <cstring>

#include "kernel/arch_api/upcalls.h"
#include "kernel/arch_host/machine.h"
#include "kernel/base/bits.h"
#include "kernel/base/check.h"

namespace esc::arch {
namespace {

host::Mmu& TheMmu() { return host::Machine::Current().mmu(); }

// A fault may block, and its handler takes locks.
void CheckMayFault() {
  ESC_CHECK(port::InterruptsEnabled());
  ESC_CHECK(port::CurrentLockTrace().depth == 0);
}

// The bytes of user memory from `at` to the end of its page, or nullptr when the fault handler refuses.
std::byte* ReachUser(VirtAddr at, Access access) {
  for (;;) {
    const host::Mmu::Translation found = TheMmu().Translate(at, access, Mode::kUser);
    if (found.allowed) return TheMmu().Ram(found.address);
    const upcall::PageFault fault{.address = at, .access = access, .page_present = found.present, .from_user = false};
    if (upcall::OnPageFault(fault) == upcall::FaultOutcome::kFailed) return nullptr;
  }
}

template <class Step>
std::size_t ForEachUserPiece(VirtAddr user, std::size_t bytes, Access access, Step step) {
  CheckMayFault();
  if (user < kUserBase || user >= kUserEnd || bytes > kUserEnd - user) return 0;
  std::size_t done = 0;
  while (done < bytes) {
    const VirtAddr at = user + done;
    const std::size_t piece = std::min<std::size_t>(bytes - done, kPageSize - at.PageOffset());
    std::byte* memory = ReachUser(at, access);
    if (memory == nullptr) break;
    step(memory, done, piece);
    done += piece;
  }
  return done;
}

}  // namespace

Result<PhysAddr> CreateRoot(TableFrameSource& tables) { return TheMmu().CreateRoot(tables); }
void DestroyRoot(PhysAddr root, TableFrameSource& tables) { TheMmu().DestroyRoot(root, tables); }
PhysAddr KernelRoot() { return host::Mmu::kKernelRoot; }
void LoadRoot(PhysAddr root) { TheMmu().LoadRoot(root); }
PhysAddr LoadedRoot() { return TheMmu().loaded_root(); }

Status MapPage(PhysAddr root, VirtAddr page, const PageMapping& mapping, TableFrameSource& tables) {
  return TheMmu().Map(root, page, mapping, tables);
}
Status ReplacePage(PhysAddr root, VirtAddr page, const PageMapping& mapping) {
  return TheMmu().Replace(root, page, mapping);
}
std::optional<PageMapping> UnmapPage(PhysAddr root, VirtAddr page) { return TheMmu().Unmap(root, page); }
std::optional<PageMapping> LookupPage(PhysAddr root, VirtAddr page) { return TheMmu().Lookup(root, page); }
void VisitPages(PhysAddr root, VirtAddr begin, VirtAddr end, PageVisitor visit) {
  TheMmu().Visit(root, begin, end, visit);
}

PhysAddr UnlinkEmptyTables(PhysAddr root) { return TheMmu().UnlinkEmptyTables(root); }
void FreeUnlinkedTables(PhysAddr chain, TableFrameSource& tables) { TheMmu().FreeUnlinkedTables(chain, tables); }

void FlushPage(VirtAddr page) { TheMmu().FlushPage(page); }
void FlushAll() { TheMmu().FlushAll(); }

void* DirectMap(PhysAddr address) { return TheMmu().Ram(address); }
PhysAddr DirectMapAddress(const void* pointer) { return TheMmu().RamAddress(pointer); }

void ZeroFrame(FrameNumber frame) { std::memset(TheMmu().Ram(AddressOf(frame), kPageSize), 0, kPageSize); }
void CopyFrame(FrameNumber to, FrameNumber from) {
  std::memcpy(TheMmu().Ram(AddressOf(to), kPageSize), TheMmu().Ram(AddressOf(from), kPageSize), kPageSize);
}

std::size_t CopyFromUser(void* to, VirtAddr from, std::size_t bytes) {
  return ForEachUserPiece(from, bytes, Access::kRead, [&](std::byte* memory, std::size_t done, std::size_t piece) {
    std::memcpy(static_cast<std::byte*>(to) + done, memory, piece);
  });
}
std::size_t CopyToUser(VirtAddr to, const void* from, std::size_t bytes) {
  return ForEachUserPiece(to, bytes, Access::kWrite, [&](std::byte* memory, std::size_t done, std::size_t piece) {
    std::memcpy(memory, static_cast<const std::byte*>(from) + done, piece);
  });
}
std::size_t ZeroUser(VirtAddr to, std::size_t bytes) {
  return ForEachUserPiece(to, bytes, Access::kWrite, [](std::byte* memory, std::size_t, std::size_t piece) {
    std::memset(memory, 0, piece);
  });
}

Result<std::uint32_t> CompareExchangeUser(VirtAddr word, std::uint32_t expected, std::uint32_t desired) {
  if (!IsAligned<std::uint64_t>(word.value, sizeof(std::uint32_t))) return Status::kFault;
  std::uint32_t seen = 0;
  const std::size_t done =
      ForEachUserPiece(word, sizeof(seen), Access::kWrite, [&](std::byte* memory, std::size_t, std::size_t) {
        std::memcpy(&seen, memory, sizeof(seen));
        if (seen == expected) std::memcpy(memory, &desired, sizeof(desired));
      });
  if (done != sizeof(seen)) return Status::kFault;
  return seen;
}

}  // namespace esc::arch

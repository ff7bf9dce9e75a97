#include "kernel/arch_x86_64/paging.h"

#include <cstring>

#include "kernel/arch_api/paging.h"
#include "kernel/arch_x86_64/asm_layout.h"
#include "kernel/arch_x86_64/direct_memory.h"
#include "kernel/arch_x86_64/instructions.h"
#include "kernel/arch_x86_64/page_table.h"
#include "kernel/base/check.h"

namespace esc::arch {
namespace {

constinit PhysAddr kernel_root{};

constexpr std::uint64_t kCr4GlobalPages = 1 << 7;

using x86::DirectMemory;

x86::PageTable<DirectMemory> TableOf(PhysAddr root, DirectMemory& memory) { return {memory, root}; }

std::uint64_t* Words(PhysAddr address) { return static_cast<std::uint64_t*>(DirectMap(address)); }

}  // namespace

void x86::AdoptKernelRoot(PhysAddr root) {
  kernel_root = root;
  LoadRoot(root);
}

Result<PhysAddr> CreateRoot(TableFrameSource& tables) {
  const PhysAddr root = AddressOf(ESC_TRY(tables.AllocateTableFrame()));
  constexpr std::size_t kKernelHalf = (x86::kEntries - x86::kFirstKernelRootEntry) * sizeof(std::uint64_t);
  std::memcpy(Words(root) + x86::kFirstKernelRootEntry, Words(kernel_root) + x86::kFirstKernelRootEntry, kKernelHalf);
  return root;
}

void DestroyRoot(PhysAddr root, TableFrameSource& tables) {
  ESC_CHECK(root != kernel_root && root != LoadedRoot());
  DirectMemory memory;
  TableOf(root, memory).FreeUserTables(tables);
  tables.FreeTableFrame(root.Frame());
}

PhysAddr KernelRoot() { return kernel_root; }
void LoadRoot(PhysAddr root) { x86::WriteCr3(root.value); }
PhysAddr LoadedRoot() { return PhysAddr{x86::ReadCr3() & x86::kAddressMask}; }

Status MapPage(PhysAddr root, VirtAddr page, const PageMapping& mapping, TableFrameSource& tables) {
  DirectMemory memory;
  return TableOf(root, memory).Map(page, mapping, tables);
}

Status ReplacePage(PhysAddr root, VirtAddr page, const PageMapping& mapping) {
  DirectMemory memory;
  return TableOf(root, memory).Replace(page, mapping);
}

std::optional<PageMapping> UnmapPage(PhysAddr root, VirtAddr page) {
  DirectMemory memory;
  return TableOf(root, memory).Unmap(page);
}

std::optional<PageMapping> LookupPage(PhysAddr root, VirtAddr page) {
  DirectMemory memory;
  return TableOf(root, memory).Lookup(page);
}

void VisitPages(PhysAddr root, VirtAddr begin, VirtAddr end, PageVisitor visit) {
  DirectMemory memory;
  TableOf(root, memory).Visit(begin, end, visit);
}

PhysAddr UnlinkEmptyTables(PhysAddr root) {
  DirectMemory memory;
  return TableOf(root, memory).UnlinkEmptyTables();
}

void FreeUnlinkedTables(PhysAddr chain, TableFrameSource& tables) {
  DirectMemory memory;
  TableOf(chain, memory).FreeUnlinkedTables(chain, tables);
}

void FlushPage(VirtAddr page) { x86::InvalidatePage(page.value); }

// Kernel pages are global, which a load of CR3 would keep (SDM vol. 3A, 4.10.4.1).
void FlushAll() {
  const std::uint64_t cr4 = x86::ReadCr4();
  if ((cr4 & kCr4GlobalPages) == 0) {
    x86::WriteCr3(x86::ReadCr3());
    return;
  }
  x86::WriteCr4(cr4 & ~kCr4GlobalPages);
  x86::WriteCr4(cr4);
}

void* DirectMap(PhysAddr address) { return reinterpret_cast<void*>(address.value + ESC_DIRECT_MAP); }
PhysAddr DirectMapAddress(const void* pointer) {
  return PhysAddr{reinterpret_cast<std::uint64_t>(pointer) - ESC_DIRECT_MAP};
}

void ZeroFrame(FrameNumber frame) {
  void* to = DirectMap(frame);
  std::uint64_t count = kPageSize / 8;
  asm volatile("rep stosq" : "+D"(to), "+c"(count) : "a"(0) : "memory");
}

void CopyFrame(FrameNumber to_frame, FrameNumber from_frame) {
  void* to = DirectMap(to_frame);
  const void* from = DirectMap(from_frame);
  std::uint64_t count = kPageSize / 8;
  asm volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(count)::"memory");
}

}  // namespace esc::arch

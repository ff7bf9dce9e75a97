// Page tables and physical memory, as mm needs them.
//
// The architecture walks and edits; mm decides. A root shares the kernel's upper half. Callers serialise all
// calls on one root (mm holds the address space's lock). No call blocks. Order of edits that every caller
// keeps: clear or tighten the entry, flush, then free the frame; in any other order a CPU with a stale
// translation could write into a frame that already has a new owner.
#pragma once

#include <cstdint>
#include <optional>

#include "kernel/base/function_ref.h"
#include "kernel/base/status.h"
#include "kernel/base/units.h"

namespace esc::arch {

enum class Access : std::uint8_t { kNone = 0, kRead = 1, kWrite = 2, kExecute = 4 };
constexpr Access operator|(Access a, Access b) {
  return static_cast<Access>(static_cast<std::uint8_t>(a) | static_cast<std::uint8_t>(b));
}
constexpr Access operator&(Access a, Access b) {
  return static_cast<Access>(static_cast<std::uint8_t>(a) & static_cast<std::uint8_t>(b));
}
constexpr bool Allows(Access granted, Access wanted) { return (granted & wanted) == wanted; }

enum class Mode : std::uint8_t { kKernel, kUser };

// One 4 KiB translation. `copy_on_write` is a software bit that the hardware ignores; kept for mm.
struct PageMapping {
  FrameNumber frame;
  Access access = Access::kNone;  // kWrite and kExecute together are refused (W^X) for kernel mappings
  Mode mode = Mode::kUser;
  bool copy_on_write = false;
  bool accessed = false;  // set by the hardware; ignored when mapping
  bool dirty = false;
  bool operator==(const PageMapping&) const = default;
};

// Where page-table frames come from and go back to; mm implements it. Frames come zeroed.
class TableFrameSource {
 public:
  virtual Result<FrameNumber> AllocateTableFrame() = 0;
  virtual void FreeTableFrame(FrameNumber frame) = 0;

 protected:
  ~TableFrameSource() = default;
};

// User addresses are [kUserBase, kUserEnd); page 0 is never mapped.
inline constexpr VirtAddr kUserBase{0x1000};
inline constexpr VirtAddr kUserEnd{0x0000'7FFF'FFFF'F000};
// Kernel virtual range that mm hands out for stacks with guard pages and large heap blocks.
inline constexpr VirtAddr kKernelVirtualBase{0xFFFF'C000'0000'0000};
inline constexpr VirtAddr kKernelVirtualEnd{0xFFFF'D000'0000'0000};

Result<PhysAddr> CreateRoot(TableFrameSource& tables);
// Frees the table frames of the user half. No user page may be mapped any more, and no CPU may have it loaded.
void DestroyRoot(PhysAddr root, TableFrameSource& tables);
PhysAddr KernelRoot();  // for kernel threads: no user half
void LoadRoot(PhysAddr root);
PhysAddr LoadedRoot();

// kAlreadyExists when the page is mapped; kNoMemory leaves the translation as it was.
Status MapPage(PhysAddr root, VirtAddr page, const PageMapping& mapping, TableFrameSource& tables);
// Replaces an existing mapping (other frame, access, copy-on-write bit); kNotFound when there is none.
Status ReplacePage(PhysAddr root, VirtAddr page, const PageMapping& mapping);
// The mapping that was there. The caller flushes, then frees.
std::optional<PageMapping> UnmapPage(PhysAddr root, VirtAddr page);
std::optional<PageMapping> LookupPage(PhysAddr root, VirtAddr page);

// Takes the tables of the user half that translate nothing any more out of the tree: a chain, zero when there are none. Cost: a
// look at each entry of each table. The caller flushes everything where the root is loaded, and then frees the chain: until
// then a CPU may still walk through those tables, and finds them empty.
PhysAddr UnlinkEmptyTables(PhysAddr root);
void FreeUnlinkedTables(PhysAddr chain, TableFrameSource& tables);

// What a visitor wants done with the page it was shown.
enum class PageEdit : std::uint8_t { kKeep, kReplace, kUnmap };
// Calls `visit` for every mapped page of [begin, end), ascending, skipping unmapped tables without visiting
// each page; the visitor may change its copy of the mapping and ask for it to be written back. Cost: one
// visit a mapped page, plus one step an absent table. The caller flushes.
using PageVisitor = FunctionRef<PageEdit(VirtAddr page, PageMapping& mapping)>;
void VisitPages(PhysAddr root, VirtAddr begin, VirtAddr end, PageVisitor visit);

// Local translation caches. Other CPUs' are flushed by core (shoot-down), which knows where a root is loaded.
void FlushPage(VirtAddr page);
void FlushAll();

// The direct map: all RAM that BootInfo tells of is mapped there, writable, not executable.
void* DirectMap(PhysAddr address);
inline void* DirectMap(FrameNumber frame) { return DirectMap(AddressOf(frame)); }
PhysAddr DirectMapAddress(const void* pointer);

// 4,096 zero bytes into a frame; one frame's bytes into another.
void ZeroFrame(FrameNumber frame);
void CopyFrame(FrameNumber to, FrameNumber from);

// User memory of the loaded root. The only code that touches it: recovers from a fault that
// upcall::OnPageFault could not mend. Interrupts on; no spin lock held (a fault may block). Both return the
// number of bytes copied, which is `bytes` on success. Ranges outside [kUserBase, kUserEnd) copy nothing.
std::size_t CopyFromUser(void* to, VirtAddr from, std::size_t bytes);
std::size_t CopyToUser(VirtAddr to, const void* from, std::size_t bytes);
std::size_t ZeroUser(VirtAddr to, std::size_t bytes);
// Compare-and-exchange of an aligned user word, atomic against user code: for futexes. Gives the value seen.
Result<std::uint32_t> CompareExchangeUser(VirtAddr word, std::uint32_t expected, std::uint32_t desired);

}  // namespace esc::arch

// From the boot loader's information to KernelMain.
#include <algorithm>
#include <cstring>
#include <optional>

#include "kernel/arch_api/boot_info.h"
#include "kernel/arch_api/cpu.h"
#include "kernel/arch_api/paging.h"
#include "kernel/arch_api/upcalls.h"
#include "kernel/arch_x86_64/asm_layout.h"
#include "kernel/arch_x86_64/cpu_setup.h"
#include "kernel/arch_x86_64/descriptor_tables.h"
#include "kernel/arch_x86_64/instructions.h"
#include "kernel/arch_x86_64/kernel_root.h"
#include "kernel/arch_x86_64/loader_info.h"
#include "kernel/arch_x86_64/machine.h"
#include "kernel/arch_x86_64/memory_map.h"
#include "kernel/arch_x86_64/multiboot2.h"
#include "kernel/arch_x86_64/paging.h"
#include "kernel/arch_x86_64/panic.h"
#include "kernel/arch_x86_64/pvh.h"
#include "kernel/arch_x86_64/serial.h"
#include "kernel/base/format.h"

// boot.S; ascending.
extern "C" const char boot_stack_guard[];
extern "C" const char boot_stack_bottom[];
extern "C" const char boot_stack_top[];
// Read by every protected function; set once, before the first of them runs.
extern "C" constinit std::uint64_t __stack_chk_guard = 0x9E3779B97F4A7C15;

namespace esc::arch::x86 {
namespace {

// What the boot page tables map.
constexpr std::uint64_t kBootMapped = std::uint64_t{4} << 30;
constexpr std::size_t kModuleNameBytes = 4096;

// Everything that BootInfo points to, so that it outlives the loader's memory.
struct BootStorage {
  char command_line[kMaxCommandLine];
  char names[kModuleNameBytes];
  std::size_t names_used;
  FixedList<BootModule, kMaxModules> modules;
  MemoryRanges memory;
  MemoryRanges reserved;
  BootInfo info;
};
constinit BootStorage storage{};

template <class... Args>
[[noreturn]] void Refuse(std::string_view format, const Args&... args) {
  FixedText<200> line;
  line.Format(format, args...);
  RefuseToBoot(line.view());
}

template <class T>
T OrRefuse(Result<T> result, std::string_view what) {
  if (result.status() == Status::kTooLarge) {
    Refuse("{}: too large: at most {} bytes of command line, {} modules and {} memory ranges", what, kMaxCommandLine - 1, kMaxModules,
           kMaxMemoryRanges);
  }
  if (!result.ok()) Refuse("{}: {}", what, result.status());
  return std::move(result).value();
}

// An object, because a FunctionRef refers to one.
constexpr auto ReadBootMapped = [](PhysAddr at, std::uint64_t bytes) -> std::span<const std::byte> {
  if (at.value >= kBootMapped || bytes > kBootMapped - at.value) return {};
  return {static_cast<const std::byte*>(DirectMap(at)), bytes};
};

std::string_view CopyText(std::string_view text, char* to, std::size_t room) {
  const std::size_t bytes = std::min(text.size(), room);
  std::memcpy(to, text.data(), bytes);
  return {to, bytes};
}

LoaderInfo ParseLoader(std::uint32_t protocol, std::uint32_t information) {
  const PhysAddr at{information};
  if (protocol == ESC_BOOT_PVH) return OrRefuse(ParsePvh(at, ReadBootMapped), "PVH start information");
  return OrRefuse(ParseMultiboot2(at, ReadBootMapped), "multiboot2 information");
}

void CopyModules(const LoaderInfo& loader, MemoryRanges& taken) {
  for (const LoaderModule& module : loader.modules.span()) {
    if (module.bytes != 0 && ReadBootMapped(module.base, module.bytes).empty()) {
      Refuse("module at {:x}, {} bytes: not below 4 GiB", module.base, module.bytes);
    }
    char* to = storage.names + storage.names_used;
    if (module.name.size() > kModuleNameBytes - storage.names_used) Refuse("the modules' names are too long");
    const std::string_view name = CopyText(module.name, to, kModuleNameBytes - storage.names_used);
    storage.names_used += name.size();
    const auto* bytes = static_cast<const std::byte*>(DirectMap(module.base));
    const Status added = storage.modules.Add({name, {bytes, module.bytes}});
    const Status noted = taken.Add({module.base, module.bytes, MemoryKind::kUsable});
    if (!Ok(added) || !Ok(noted)) Refuse("more than {} modules", kMaxModules);
  }
}

// Boot page tables are left behind: from here on nothing of the loader's memory is read.
void EnterKernelRoot(MemoryRanges& taken, std::span<const PhysAddr> devices) {
  const auto memory = storage.memory.span();
  const auto reserved = CheckReserved(taken.span(), memory);
  if (!reserved.ok()) {
    for (const MemoryRange& range : taken.span()) {
      FixedText<100> line;
      line.Format("escapement: boot: taken {:x}, {:x} bytes\n", range.base, range.bytes);
      WriteEmergency(line.view());
    }
    Refuse("kernel or modules overlap, or do not lie in memory: {}", reserved.status());
  }
  const auto pool = LargestGap(memory, reserved->span(), PhysAddr{1 << 20}, PhysAddr{kBootMapped});
  if (!pool) Refuse("no free memory below 4 GiB for page tables");
  const auto tables = BuildKernelRoot(memory, *pool, devices);
  if (!tables.ok()) {
    Refuse("too little memory for page tables: {} KiB free in one piece, {}", pool->bytes >> 10, tables.status());
  }
  if (!Ok(taken.Add(tables->used))) Refuse("more than {} reserved ranges", kMaxMemoryRanges);
  storage.reserved = OrRefuse(CheckReserved(taken.span(), memory), "boot page tables");
  AdoptKernelRoot(tables->root);
}

// What the CPU can address (CPUID 0x80000008: SDM vol. 3A, 4.1.4), and the direct map has room for.
PhysAddr EndOfMappable() {
  constexpr std::uint64_t kDirectMapBytes = kKernelVirtualBase.value - ESC_DIRECT_MAP;
  const bool told = Cpuid(0x80000000).eax >= 0x80000008;
  const std::uint32_t bits = told ? Cpuid(0x80000008).eax & 0xFF : 36;
  return PhysAddr{std::min(kDirectMapBytes, std::uint64_t{1} << std::min(bits, 52u))};
}

// All that is read of the loader's memory. A function of its own, so that its large frame is gone before the kernel runs.
[[gnu::noinline]] void ReadLoader(std::uint32_t protocol, std::uint32_t information, MemoryRanges& taken) {
  const LoaderInfo loader = ParseLoader(protocol, information);
  storage.memory = OrRefuse(NormalizeMemoryMap(loader.memory.span(), EndOfMappable()), "memory map");
  storage.info.protocol = loader.protocol;
  storage.info.command_line = CopyText(loader.command_line, storage.command_line, kMaxCommandLine);
  if (!Ok(taken.Add(KernelImage()))) Refuse("no room for the image's range");
  CopyModules(loader, taken);
  DiscoverMachine(loader, ReadBootMapped);
}

// The boot page tables map the guard page too: an overflow has written there, and to what lies below.
void CheckBootStack() {
  const bool written = std::any_of(boot_stack_guard, boot_stack_bottom, [](char byte) { return byte != 0; });
  if (written) Refuse("the boot stack of {} bytes was too small", static_cast<std::size_t>(boot_stack_top - boot_stack_bottom));
}

}  // namespace

// Before the stack protector has its value, and before anything that uses per-CPU data.
extern "C" [[gnu::no_stack_protector]] void PrepareBootCpu() {
  InitBootPerCpu();
  std::uint64_t random = 0;
  if (!HardwareRandom(random)) random = ReadTsc() * 0x9E3779B97F4A7C15;
  // The lowest byte is zero, so that a string overrun cannot write the value.
  __stack_chk_guard = (__stack_chk_guard ^ random) & ~std::uint64_t{0xFF};
}

extern "C" [[noreturn]] void BootMain(std::uint32_t protocol, std::uint32_t information) {
  InitSerial();
  LoadDescriptorTables(ThisPerCpu());
  SetUpCpu();
  MemoryRanges taken;
  ReadLoader(protocol, information, taken);
  CheckBootStack();
  EnterKernelRoot(taken, MachineDevices());
  StartMachine();
  storage.info.memory = storage.memory.span();
  storage.info.reserved = storage.reserved.span();
  storage.info.modules = storage.modules.span();
  upcall::KernelMain(storage.info);
}

}  // namespace esc::arch::x86

#include "kernel/arch_x86_64/panic.h"

#include <atomic>

#include "kernel/arch_api/paging.h"
#include "kernel/arch_api/power.h"
#include "kernel/arch_api/upcalls.h"
#include "kernel/arch_x86_64/asm_layout.h"
#include "kernel/arch_x86_64/instructions.h"
#include "kernel/arch_x86_64/per_cpu.h"
#include "kernel/arch_x86_64/serial.h"
#include "kernel/arch_x86_64/symbols.h"
#include "kernel/base/format.h"
#include "kernel/base/port.h"

extern "C" {
extern const char kernel_text_begin[];
extern const char kernel_text_end[];
extern const std::byte kernel_symbols[];
extern const std::byte kernel_symbols_end[];
}

namespace esc::arch::x86 {
namespace {

constexpr int kMaxFrames = 32;

static_assert(ESC_REFUSED_EXIT_CODE == static_cast<int>(FatalEnd::kRefusedToBoot));  // boot.S

// A second panic (also one on another CPU) ends the machine without another word from us.
constinit std::atomic<bool> panicking{false};

bool IsText(std::uint64_t address) {
  return address >= reinterpret_cast<std::uint64_t>(kernel_text_begin) &&
         address < reinterpret_cast<std::uint64_t>(kernel_text_end);
}

template <class... Args>
void Print(std::string_view format, const Args&... args) {
  FixedText<256> line;
  line.Format(format, args...);
  line.Append('\n');
  WriteEmergency(line.view());
}

void PrintAddress(std::uint64_t address) {
  const SymbolTable table(std::span<const std::byte>(kernel_symbols, kernel_symbols_end));
  FixedText<160> name;
  std::uint64_t offset = 0;
  if (IsText(address) && table.Find(address - ESC_KERNEL_VIRTUAL, name, offset)) {
    Print("  {:x} {}+0x{:x}", address, name.view(), offset);
  } else {
    Print("  {:x}", address);
  }
}

// Whether both words of a saved frame can be read: the stacks are all mapped by small pages. Before the real page tables are
// there, the boot stack is the only one.
bool FrameMapped(std::uint64_t rbp) {
  if (rbp < ESC_DIRECT_MAP || rbp % 8 != 0) return false;
  if (KernelRoot().value == 0) return rbp >= ESC_KERNEL_VIRTUAL;
  return LookupPage(KernelRoot(), VirtAddr{rbp}.PageDown()).has_value() &&
         LookupPage(KernelRoot(), VirtAddr{rbp + 8}.PageDown()).has_value();
}

// Follows saved frame pointers; each must lie on the same stack as the last and above it.
void PrintBacktrace(std::uint64_t rip, std::uint64_t rbp) {
  WriteEmergency("backtrace:\n");
  if (rip != 0) PrintAddress(rip);
  constexpr std::uint64_t kLargestFrame = 0x10000;
  for (int depth = 0; depth < kMaxFrames; ++depth) {
    if (!FrameMapped(rbp)) return;
    const auto* frame = reinterpret_cast<const std::uint64_t*>(rbp);
    const std::uint64_t caller = frame[1];
    if (!IsText(caller)) return;
    PrintAddress(caller - 1);  // inside the call, not after it
    if (frame[0] <= rbp || frame[0] - rbp > kLargestFrame) return;
    rbp = frame[0];
  }
}

void PrintRegisters(const UserRegisters& f) {
  Print("  rip {:x} cs {:x} rflags {:x} rsp {:x} ss {:x}", f.rip, f.cs, f.rflags, f.rsp, f.ss);
  Print("  rax {:x} rbx {:x} rcx {:x} rdx {:x} rsi {:x} rdi {:x} rbp {:x}", f.rax, f.rbx, f.rcx, f.rdx, f.rsi, f.rdi,
        f.rbp);
  Print("  r8 {:x} r9 {:x} r10 {:x} r11 {:x} r12 {:x} r13 {:x} r14 {:x} r15 {:x}", f.r8, f.r9, f.r10, f.r11, f.r12,
        f.r13, f.r14, f.r15);
  Print("  cr2 {:x} cr3 {:x} cr4 {:x}", ReadCr2(), ReadCr3(), ReadCr4());
}

[[noreturn]] void Finish(std::string_view message, const UserRegisters* frame, std::uint64_t rbp) {
  DisableInterrupts();
  if (panicking.exchange(true)) {
    WriteEmergency("panic during a panic: ");
    WriteEmergency(message);
    WriteEmergency("\n");
    PowerOff(FatalEnd::kPanic);
  }
  WriteEmergency("\npanic: ");
  WriteEmergency(message);
  Print("\non CPU {}", ThisPerCpu().cpu);
  if (frame != nullptr) PrintRegisters(*frame);
  PrintBacktrace(frame != nullptr ? frame->rip : 0, rbp);
  upcall::OnPanic();
  PowerOff(FatalEnd::kPanic);
}

}  // namespace

void WriteEmergency(std::string_view text) { SerialWriteUnlocked(text); }

void PanicAt(std::string_view message, const UserRegisters& frame) { Finish(message, &frame, frame.rbp); }

void RefuseToBoot(std::string_view message) {
  WriteEmergency("escapement: cannot boot: ");
  WriteEmergency(message);
  WriteEmergency("\n");
  PowerOff(FatalEnd::kRefusedToBoot);
}

}  // namespace esc::arch::x86

namespace esc::port {

void Panic(std::string_view message) {
  arch::x86::Finish(message, nullptr, reinterpret_cast<std::uint64_t>(__builtin_frame_address(0)));
}

void CheckFailed(const char* condition, const char* file, int line) {
  FixedText<256> text;
  text.Format("check failed: {} at {}:{}", condition, file, line);
  arch::x86::Finish(text.view(), nullptr, reinterpret_cast<std::uint64_t>(__builtin_frame_address(0)));
}

}  // namespace esc::port

extern "C" {
[[noreturn]] void __stack_chk_fail() { esc::port::Panic("stack protector: a frame's canary was overwritten"); }
[[noreturn]] void __cxa_pure_virtual() { esc::port::Panic("pure virtual function called"); }
}

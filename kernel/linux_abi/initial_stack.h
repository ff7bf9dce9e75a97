// The stack that a program starts with: System V ABI, AMD64 supplement 3.4.1. Pure: builds bytes.
//
//   sp -> argc | argv[0..] 0 | envp[0..] 0 | auxv pairs, AT_NULL | padding | random | strings
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "kernel/base/status.h"
#include "kernel/base/units.h"

namespace esc::linux_abi {

// Zero-terminated strings one behind the other.
struct StringBlock {
  std::string_view bytes;  // with every final zero
  std::size_t count = 0;
};

// As Linux: a quarter of the default stack for strings and pointers (fs/exec.c, _STK_LIM / 4).
inline constexpr std::size_t kMaxArgumentBytes = 2 * 1024 * 1024;

struct AuxiliaryValues {
  std::uint64_t headers = 0, header_count = 0, entry = 0, interpreter_base = 0;
  std::uint32_t uid = 0, euid = 0, gid = 0, egid = 0;
  std::uint64_t hardware = 0, hardware2 = 0;  // AT_HWCAP, AT_HWCAP2
  std::uint64_t minimum_signal_stack = 0;
  std::uint64_t vdso = 0;                     // AT_SYSINFO_EHDR
  std::uint64_t random[2] = {};               // what AT_RANDOM points to
};

struct StackRequest {
  VirtAddr top;  // one past the highest byte; page-aligned
  StringBlock arguments, environment;
  std::string_view path;  // AT_EXECFN
  AuxiliaryValues values;
};

struct StackLayout {
  VirtAddr pointer;  // the initial stack pointer, 16-byte aligned; the bytes go from here to the top
  VirtAddr argument_begin, argument_end, environment_begin, environment_end;  // of the strings
};

// Bytes from the stack pointer to the top; kTooLarge past kMaxArgumentBytes.
Result<std::size_t> InitialStackBytes(const StackRequest& request);
// Fills `bytes`, which is as long as InitialStackBytes said.
StackLayout BuildInitialStack(const StackRequest& request, std::span<std::byte> bytes);

}  // namespace esc::linux_abi

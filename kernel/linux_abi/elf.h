// The ELF parser: from a file's bytes to what the loader maps. Pure: no memory, no files, no kernel.
//
// Takes ELF64, little endian, x86-64, ET_EXEC and ET_DYN (static-pie and interpreters). Everything that the loader
// relies on is checked here; a file that breaks a rule gets the rule and the value that broke it.
// Source: System V ABI chapters 4 and 5 (ELF header, program header); AMD64 supplement 4.1.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernel/arch_api/paging.h"
#include "kernel/base/format.h"
#include "kernel/base/function_ref.h"
#include "kernel/base/status.h"

namespace esc::linux_abi {

inline constexpr std::size_t kMaxSegments = 16;
inline constexpr std::size_t kMaxProgramHeaders = 64;
inline constexpr std::uint64_t kMaxInterpreterPath = 255;

enum class ElfTrouble : std::uint8_t {
  kNone,
  kReadFailed,            // value: file offset
  kTruncatedHeader,       // value: bytes in the file
  kBadMagic,              // value: the first four bytes
  kNot64Bit,              // value: EI_CLASS
  kNotLittleEndian,       // value: EI_DATA
  kOtherMachine,          // value: e_machine
  kOtherType,             // value: e_type
  kBadHeaderEntrySize,    // value: e_phentsize
  kNoProgramHeaders,      //
  kTooManyProgramHeaders, // value: e_phnum
  kTruncatedProgramHeaders,  // value: e_phoff
  kNoSegments,            //
  kTooManySegments,       // value: how many PT_LOAD there are, at least
  kFileSizeOverMemorySize,  // value: p_vaddr
  kSegmentWraps,          // value: p_vaddr
  kSegmentOutsideUserSpace,  // value: p_vaddr
  kSegmentsOverlap,       // value: p_vaddr of the second
  kMisaligned,            // value: p_vaddr
  kTruncatedSegment,      // value: p_offset
  kEntryOutside,          // value: e_entry
  kBadInterpreter,        // value: p_filesz of PT_INTERP
};
std::string_view ElfTroubleText(ElfTrouble trouble);

struct Segment {
  std::uint64_t address = 0;      // p_vaddr, unbiased
  std::uint64_t memory_bytes = 0;
  std::uint64_t file_offset = 0;
  std::uint64_t file_bytes = 0;
  arch::Access access = arch::Access::kNone;
};

enum class ElfType : std::uint8_t { kExecutable, kPositionIndependent };

struct ElfImage {
  ElfType type = ElfType::kExecutable;
  std::uint64_t entry = 0;
  std::array<Segment, kMaxSegments> segments{};  // ascending by address, not overlapping
  std::size_t segment_count = 0;
  std::uint64_t header_address = 0;  // of the program headers in memory (AT_PHDR); 0 when no segment holds them
  std::uint16_t header_count = 0;
  std::uint64_t interpreter_offset = 0;  // the path in the file; interpreter_bytes 0: none
  std::uint64_t interpreter_bytes = 0;   // with the final zero
  bool executable_stack = false;         // PT_GNU_STACK with PF_X

  std::span<const Segment> view() const { return {segments.data(), segment_count}; }
  std::uint64_t begin() const;  // page-aligned bounds of all segments
  std::uint64_t end() const;
};

struct ParsedElf {
  ElfTrouble trouble = ElfTrouble::kNone;
  std::uint64_t value = 0;
  ElfImage image;
  bool ok() const { return trouble == ElfTrouble::kNone; }
  // "segments overlap (0x401000)".
  void Describe(TextBuffer& text) const;
};

// Reads `into.size()` bytes at `offset`; anything but kOk is an unreadable file.
using ElfReader = FunctionRef<Status(std::uint64_t offset, std::span<std::byte> into)>;
ParsedElf ParseElf(std::uint64_t file_bytes, ElfReader read);

}  // namespace esc::linux_abi

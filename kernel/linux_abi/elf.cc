#include "kernel/linux_abi/elf.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "kernel/base/bits.h"
#include "kernel/base/units.h"

namespace esc::linux_abi {
namespace {

struct FileHeader {
  std::uint8_t ident[16];
  std::uint16_t type, machine;
  std::uint32_t version;
  std::uint64_t entry, phoff, shoff;
  std::uint32_t flags;
  std::uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
static_assert(sizeof(FileHeader) == 64);

struct ProgramHeader {
  std::uint32_t type, flags;
  std::uint64_t offset, vaddr, paddr, filesz, memsz, align;
};
static_assert(sizeof(ProgramHeader) == 56);

constexpr std::uint16_t kTypeExecutable = 2, kTypeShared = 3, kMachineX86_64 = 62;
constexpr std::uint32_t kLoad = 1, kInterpreter = 3, kGnuStack = 0x6474e551;
constexpr std::uint32_t kFlagExecute = 1, kFlagWrite = 2, kFlagRead = 4;

ParsedElf Trouble(ElfTrouble trouble, std::uint64_t value) { return {.trouble = trouble, .value = value, .image = {}}; }

ParsedElf CheckFileHeader(const FileHeader& header) {
  if (std::memcmp(header.ident, "\177ELF", 4) != 0) {
    return Trouble(ElfTrouble::kBadMagic, std::uint64_t{header.ident[0]} << 24 | header.ident[1] << 16 |
                                              header.ident[2] << 8 | header.ident[3]);
  }
  if (header.ident[4] != 2) return Trouble(ElfTrouble::kNot64Bit, header.ident[4]);
  if (header.ident[5] != 1) return Trouble(ElfTrouble::kNotLittleEndian, header.ident[5]);
  if (header.machine != kMachineX86_64) return Trouble(ElfTrouble::kOtherMachine, header.machine);
  if (header.type != kTypeExecutable && header.type != kTypeShared) return Trouble(ElfTrouble::kOtherType, header.type);
  if (header.phnum == 0) return Trouble(ElfTrouble::kNoProgramHeaders, 0);
  if (header.phentsize != sizeof(ProgramHeader)) return Trouble(ElfTrouble::kBadHeaderEntrySize, header.phentsize);
  if (header.phnum > kMaxProgramHeaders) return Trouble(ElfTrouble::kTooManyProgramHeaders, header.phnum);
  return {};
}

arch::Access AccessOf(std::uint32_t flags) {
  arch::Access access = arch::Access::kNone;
  if (flags & kFlagRead) access = access | arch::Access::kRead;
  if (flags & kFlagWrite) access = access | arch::Access::kWrite;
  if (flags & kFlagExecute) access = access | arch::Access::kExecute;
  return access;
}

// One PT_LOAD, alone; kNone when it may be mapped.
ElfTrouble CheckSegment(const ProgramHeader& header, ElfType type, std::uint64_t file_bytes) {
  if (header.filesz > header.memsz) return ElfTrouble::kFileSizeOverMemorySize;
  if (header.vaddr + header.memsz < header.vaddr) return ElfTrouble::kSegmentWraps;
  if (header.vaddr + header.memsz > arch::kUserEnd.value) return ElfTrouble::kSegmentOutsideUserSpace;
  if (type == ElfType::kExecutable && header.vaddr < arch::kUserBase.value) return ElfTrouble::kSegmentOutsideUserSpace;
  if (header.align > 1 && !std::has_single_bit(header.align)) return ElfTrouble::kMisaligned;
  if (header.vaddr % kPageSize != header.offset % kPageSize) return ElfTrouble::kMisaligned;
  if (header.offset + header.filesz < header.offset || header.offset + header.filesz > file_bytes) {
    return ElfTrouble::kTruncatedSegment;
  }
  return ElfTrouble::kNone;
}

ParsedElf AddSegment(ElfImage& image, const ProgramHeader& header, std::uint64_t file_bytes) {
  if (header.memsz == 0) return {};
  if (image.segment_count == kMaxSegments) return Trouble(ElfTrouble::kTooManySegments, kMaxSegments + 1);
  if (const ElfTrouble trouble = CheckSegment(header, image.type, file_bytes); trouble != ElfTrouble::kNone) {
    return Trouble(trouble, trouble == ElfTrouble::kTruncatedSegment ? header.offset : header.vaddr);
  }
  image.segments[image.segment_count++] = {.address = header.vaddr,
                                           .memory_bytes = header.memsz,
                                           .file_offset = header.offset,
                                           .file_bytes = header.filesz,
                                           .access = AccessOf(header.flags)};
  return {};
}

// The rules that hold between segments, and for the entry.
ParsedElf CheckWhole(ElfImage& image, const FileHeader& header) {
  if (image.segment_count == 0) return Trouble(ElfTrouble::kNoSegments, 0);
  const auto begin = image.segments.begin(), end = begin + static_cast<std::ptrdiff_t>(image.segment_count);
  std::sort(begin, end, [](const Segment& a, const Segment& b) { return a.address < b.address; });
  for (auto next = begin + 1; next != end; ++next) {
    if ((next - 1)->address + (next - 1)->memory_bytes > next->address) {
      return Trouble(ElfTrouble::kSegmentsOverlap, next->address);
    }
  }
  const bool entry_inside = std::any_of(begin, end, [&](const Segment& s) {
    return arch::Allows(s.access, arch::Access::kExecute) && image.entry >= s.address &&
           image.entry - s.address < s.memory_bytes;
  });
  if (!entry_inside) return Trouble(ElfTrouble::kEntryOutside, image.entry);
  const std::uint64_t header_bytes = std::uint64_t{header.phnum} * sizeof(ProgramHeader);
  for (const Segment& s : image.view()) {
    if (header.phoff >= s.file_offset && header.phoff + header_bytes <= s.file_offset + s.file_bytes) {
      image.header_address = s.address + (header.phoff - s.file_offset);
    }
  }
  return {};
}

ParsedElf AddHeader(ElfImage& image, const ProgramHeader& program, std::uint64_t file_bytes) {
  if (program.type == kLoad) return AddSegment(image, program, file_bytes);
  if (program.type == kGnuStack) image.executable_stack = (program.flags & kFlagExecute) != 0;
  if (program.type == kInterpreter) {
    if (program.filesz < 2 || program.filesz > kMaxInterpreterPath + 1 || program.offset > file_bytes ||
        program.filesz > file_bytes - program.offset) {
      return Trouble(ElfTrouble::kBadInterpreter, program.filesz);
    }
    image.interpreter_offset = program.offset;
    image.interpreter_bytes = program.filesz;
  }
  return {};
}

}  // namespace

std::uint64_t ElfImage::begin() const { return AlignDown<std::uint64_t>(segments[0].address, kPageSize); }
std::uint64_t ElfImage::end() const {
  const Segment& last = segments[segment_count - 1];
  return AlignUp<std::uint64_t>(last.address + last.memory_bytes, kPageSize);
}

ParsedElf ParseElf(std::uint64_t file_bytes, ElfReader read) {
  FileHeader header;
  if (file_bytes < sizeof(header)) return Trouble(ElfTrouble::kTruncatedHeader, file_bytes);
  if (read(0, std::as_writable_bytes(std::span(&header, 1))) != Status::kOk) return Trouble(ElfTrouble::kReadFailed, 0);
  if (ParsedElf bad = CheckFileHeader(header); !bad.ok()) return bad;
  const std::uint64_t table_bytes = std::uint64_t{header.phnum} * sizeof(ProgramHeader);
  if (header.phoff > file_bytes || table_bytes > file_bytes - header.phoff) {
    return Trouble(ElfTrouble::kTruncatedProgramHeaders, header.phoff);
  }
  ParsedElf parsed;
  ElfImage& image = parsed.image;
  image.type = header.type == kTypeExecutable ? ElfType::kExecutable : ElfType::kPositionIndependent;
  image.entry = header.entry;
  image.header_count = header.phnum;
  for (std::uint64_t i = 0; i < header.phnum; ++i) {
    ProgramHeader program;
    const std::uint64_t at = header.phoff + i * sizeof(program);
    if (read(at, std::as_writable_bytes(std::span(&program, 1))) != Status::kOk) {
      return Trouble(ElfTrouble::kReadFailed, at);
    }
    if (ParsedElf bad = AddHeader(image, program, file_bytes); !bad.ok()) return bad;
  }
  if (ParsedElf bad = CheckWhole(image, header); !bad.ok()) return bad;
  return parsed;
}

std::string_view ElfTroubleText(ElfTrouble trouble) {
  switch (trouble) {
    case ElfTrouble::kNone: return "no trouble";
    case ElfTrouble::kReadFailed: return "the file cannot be read at offset";
    case ElfTrouble::kTruncatedHeader: return "truncated ELF header, bytes in the file";
    case ElfTrouble::kBadMagic: return "not an ELF file, first bytes";
    case ElfTrouble::kNot64Bit: return "not a 64-bit ELF file, class";
    case ElfTrouble::kNotLittleEndian: return "not a little-endian ELF file, data encoding";
    case ElfTrouble::kOtherMachine: return "ELF file for another machine, e_machine";
    case ElfTrouble::kOtherType: return "ELF file is neither executable nor position-independent, e_type";
    case ElfTrouble::kBadHeaderEntrySize: return "ELF program headers of a wrong size, e_phentsize";
    case ElfTrouble::kNoProgramHeaders: return "ELF file without program headers, e_phnum";
    case ElfTrouble::kTooManyProgramHeaders: return "too many ELF program headers, e_phnum";
    case ElfTrouble::kTruncatedProgramHeaders: return "truncated ELF file: program headers end past it, e_phoff";
    case ElfTrouble::kNoSegments: return "ELF file without segments to load";
    case ElfTrouble::kTooManySegments: return "too many ELF segments";
    case ElfTrouble::kFileSizeOverMemorySize: return "ELF segment larger in the file than in memory, address";
    case ElfTrouble::kSegmentWraps: return "ELF segment wraps around the address space, address";
    case ElfTrouble::kSegmentOutsideUserSpace: return "ELF segment outside of user memory, address";
    case ElfTrouble::kSegmentsOverlap: return "ELF segments overlap, address";
    case ElfTrouble::kMisaligned: return "misaligned ELF segment, address";
    case ElfTrouble::kTruncatedSegment: return "truncated ELF file: a segment ends past it, offset";
    case ElfTrouble::kEntryOutside: return "ELF entry outside of the executable segments, address";
    case ElfTrouble::kBadInterpreter: return "ELF interpreter path of a wrong length, bytes";
  }
  return "unknown";
}

void ParsedElf::Describe(TextBuffer& text) const { text.Format("{} 0x{:x}", ElfTroubleText(trouble), value); }

}  // namespace esc::linux_abi

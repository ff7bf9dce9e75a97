// Maps a parsed ELF file into an address space: private, filled from the file on demand.
#pragma once

#include <cstdint>

#include "kernel/base/status.h"
#include "kernel/base/units.h"
#include "kernel/linux_abi/elf.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/ref_ptr.h"

namespace esc::linux_abi {

// `bias` is added to every address of the image. Parts of the last file page of a segment past its file bytes are
// zeroed, as is the rest of its memory. On an error the address space is of no more use.
Status MapImage(mm::AddressSpace& memory, const ElfImage& image, const mm::RefPtr<mm::PageSource>& file,
                std::uint64_t bias);

// The `#!` line of a script: the interpreter and at most one argument, views into `start`.
struct ScriptLine {
  std::string_view interpreter;
  std::string_view argument;  // empty: none
};
inline constexpr std::size_t kScriptLineBytes = 256;  // BINPRM_BUF_SIZE
inline constexpr int kMaxScriptDepth = 5;
// kNotExecutable when `start` (the file's first bytes) is no script or names nothing.
Result<ScriptLine> ParseScriptLine(std::string_view start);

}  // namespace esc::linux_abi

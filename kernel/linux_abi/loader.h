// From a path name to a program that can be entered: everything that can fail happens here, before the old image
// of the process goes.
#pragma once

#include <string_view>

#include "kernel/arch_api/user_registers.h"
#include "kernel/base/format.h"
#include "kernel/base/status.h"
#include "kernel/core/process.h"
#include "kernel/fs/paths.h"
#include "kernel/linux_abi/user_text.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/ref_ptr.h"

namespace esc::linux_abi {

struct LoadRequest {
  fs::Paths& paths;
  fs::Node* base = nullptr;      // where a relative path starts; nullptr: the working directory
  std::string_view path;
  mm::RefPtr<fs::OpenFile> file;  // already open (fexecve); else `path` is opened
  ArgumentBlock& arguments;      // a script's interpreter is put before them
  StringBlock environment;
  core::Credentials credentials;
  std::uint64_t stack_limit = ~std::uint64_t{0};
  std::uint64_t memory_limit = ~std::uint64_t{0};
};

struct LoadedProgram {
  mm::RefPtr<mm::AddressSpace> memory;
  core::ProgramInfo info;
  arch::UserRegisters registers;
};

// kNotFound, kAccessDenied, kNotExecutable, kTooManyLinks (scripts of scripts), kTooLarge, kNoMemory ...
// On an error `message` says in one line what is wrong with which file.
Result<LoadedProgram> LoadProgram(LoadRequest& request, TextBuffer& message);

}  // namespace esc::linux_abi

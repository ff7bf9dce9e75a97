#include "kernel/linux_abi/loader.h"

#include <algorithm>
#include <cstring>

#include "kernel/arch_api/thread.h"
#include "kernel/base/bits.h"
#include "kernel/linux_abi/image.h"
#include "kernel/linux_abi/initial_stack.h"
#include "kernel/linux_abi/program_path.h"
#include "kernel/linux_abi/random.h"
#include "kernel/linux_abi/signal_frame.h"
#include "kernel/linux_abi/vdso.h"

namespace esc::linux_abi {
namespace {

using arch::Access;

// As Linux lays processes out (arch/x86/include/asm/elf.h, mm/mmap.c): position-independent programs at two
// thirds of user space, the stack at its end, each moved down or up by random pages.
constexpr std::uint64_t kProgramBase = 0x5555'5555'4000;
constexpr std::uint64_t kProgramRandomPages = 1 << 28, kStackRandomPages = 1 << 22, kBreakRandomPages = 1 << 13;
constexpr std::uint64_t kStackSlack = 128 * 1024;  // mapped below the arguments at once; the rest grows by faults

std::uint64_t RandomOffset(std::uint64_t pages) {
  return AddressRandomization() ? Random64() % pages * kPageSize : 0;
}

Status Fail(TextBuffer& message, std::string_view path, Status status, std::string_view what) {
  message.Clear();
  message.Format("{}: {} ({})", path, what, status);
  return status;
}

// An open program file.
struct ProgramFile {
  mm::RefPtr<fs::OpenFile> file;
  std::uint64_t bytes = 0;

  Status Read(std::uint64_t offset, std::span<std::byte> into) const {
    const std::size_t read = ESC_TRY(file->ReadAt(core::IoBuffer::Kernel(into.data(), into.size()), offset));
    return read == into.size() ? Status::kOk : Status::kTruncated;
  }
};

Result<ProgramFile> CheckProgram(mm::RefPtr<fs::OpenFile> file, std::string_view path, TextBuffer& message) {
  const fs::Attributes attributes = file->node().GetAttributes();
  if (attributes.type != fs::NodeType::kFile) return Fail(message, path, Status::kAccessDenied, "not a plain file");
  const Status allowed = fs::CheckAccess(file->node(), static_cast<std::uint8_t>(fs::Permission::kExecute));
  if (!Ok(allowed) || (attributes.permissions & 0111) == 0) {
    return Fail(message, path, Status::kAccessDenied, "not executable: no permission");
  }
  return ProgramFile{.file = std::move(file), .bytes = attributes.size};
}

Result<ProgramFile> OpenProgram(fs::Paths& paths, fs::Node* base, std::string_view path, TextBuffer& message) {
  fs::OpenOptions options;
  options.mode.readable = true;
  Result<mm::RefPtr<fs::OpenFile>> opened = fs::Open(paths, base, path, options);
  if (!opened.ok()) return Fail(message, path, opened.status(), "cannot be opened");
  return CheckProgram(std::move(*opened), path, message);
}

Result<ElfImage> ParseProgram(const ProgramFile& program, std::string_view path, TextBuffer& message) {
  const auto read = [&](std::uint64_t offset, std::span<std::byte> into) { return program.Read(offset, into); };
  const ParsedElf parsed = ParseElf(program.bytes, read);
  if (parsed.ok()) return parsed.image;
  message.Clear();
  message.Format("{}: ", path);
  parsed.Describe(message);
  return Status::kNotExecutable;
}

// Follows `#!` lines: what runs in the end, with the arguments changed to match. Keeps the last interpreter's name,
// which points into `line`.
struct Target {
  ProgramFile program;
  std::string_view path;
};
Result<Target> FollowScripts(LoadRequest& request, std::span<char, kScriptLineBytes> line, TextBuffer& message) {
  Target target{.program = {}, .path = request.path};
  if (request.file) {
    target.program = ESC_TRY(CheckProgram(request.file, request.path, message));
  } else {
    target.program = ESC_TRY(OpenProgram(request.paths, request.base, request.path, message));
  }
  for (int depth = 0;; ++depth) {
    char start[kScriptLineBytes];
    const std::size_t bytes = std::min<std::uint64_t>(target.program.bytes, sizeof(start));
    if (!Ok(target.program.Read(0, std::as_writable_bytes(std::span(start, bytes))))) {
      return Fail(message, target.path, Status::kIoError, "cannot be read");
    }
    if (!std::string_view(start, bytes).starts_with("#!")) return target;
    if (depth == kMaxScriptDepth) return Fail(message, target.path, Status::kTooManyLinks, "too many scripts in a row");
    const Result<ScriptLine> script = ParseScriptLine({start, bytes});
    if (!script.ok()) return Fail(message, target.path, script.status(), "names no interpreter after #!");
    const std::string_view with[] = {script->interpreter, script->argument, target.path};
    const std::string_view without[] = {script->interpreter, target.path};
    ESC_TRY(script->argument.empty() ? request.arguments.ReplaceFirst(without) : request.arguments.ReplaceFirst(with));
    std::memcpy(line.data(), script->interpreter.data(), script->interpreter.size());
    target.path = {line.data(), script->interpreter.size()};
    target.program = ESC_TRY(OpenProgram(request.paths, nullptr, target.path, message));
  }
}

// A position-independent image at `hint`, or wherever there is room: the bias.
Result<std::uint64_t> MapAnywhere(mm::AddressSpace& memory, const ElfImage& image, const ProgramFile& program, VirtAddr hint) {
  const std::uint64_t span = image.end() - image.begin();
  const VirtAddr base = ESC_TRY(memory.Map(hint, span, mm::Placement::kHint, {}));
  // The gaps between segments stay reserved without access, so that no mapping falls between them.
  const std::uint64_t bias = base.value - image.begin();
  ESC_TRY(MapImage(memory, image, ESC_TRY(program.file->Pages()), bias));
  return bias;
}

struct Placed {
  std::uint64_t entry = 0;         // of the program itself
  std::uint64_t start = 0;         // where it is entered: its own entry or the interpreter's
  std::uint64_t headers = 0;
  std::uint64_t interpreter_base = 0;
  std::uint64_t end = 0;
};

Result<std::uint64_t> PlaceInterpreter(mm::AddressSpace& memory, const ElfImage& image, const ProgramFile& program,
                                       fs::Paths& paths, Placed& placed, TextBuffer& message) {
  char path[kMaxInterpreterPath + 1];
  const std::size_t bytes = image.interpreter_bytes;
  ESC_TRY(program.Read(image.interpreter_offset, std::as_writable_bytes(std::span(path, bytes))));
  if (path[bytes - 1] != '\0') return Fail(message, "its interpreter", Status::kNotExecutable, "path is not terminated");
  const ProgramFile interpreter = ESC_TRY(OpenProgram(paths, nullptr, path, message));
  const ElfImage parsed = ESC_TRY(ParseProgram(interpreter, path, message));
  if (parsed.interpreter_bytes != 0) return Fail(message, path, Status::kNotExecutable, "is no ELF interpreter");
  if (parsed.type == ElfType::kExecutable) {
    // klibc's shared library is one: linked at a place of its own, which nothing of the program may lie in.
    const std::uint64_t span = parsed.end() - parsed.begin();
    if (!memory.Map({parsed.begin()}, span, mm::Placement::kFixedNew, {}).ok()) {
      return Fail(message, path, Status::kNotExecutable, "overlaps the program");
    }
    ESC_TRY(MapImage(memory, parsed, ESC_TRY(interpreter.file->Pages()), 0));
    return parsed.entry;
  }
  placed.interpreter_base = ESC_TRY(MapAnywhere(memory, parsed, interpreter, {}));
  return placed.interpreter_base + parsed.entry;
}

Result<Placed> Place(mm::AddressSpace& memory, const ElfImage& image, const ProgramFile& program, fs::Paths& paths,
                     TextBuffer& message) {
  std::uint64_t bias = 0;
  if (image.type == ElfType::kExecutable) {
    ESC_TRY(MapImage(memory, image, ESC_TRY(program.file->Pages()), 0));
  } else {
    bias = ESC_TRY(MapAnywhere(memory, image, program, {kProgramBase + RandomOffset(kProgramRandomPages)}));
  }
  Placed placed;
  placed.entry = placed.start = image.entry + bias;
  placed.headers = image.header_address == 0 ? 0 : image.header_address + bias;
  placed.end = image.end() + bias;
  if (image.interpreter_bytes != 0) {
    placed.start = ESC_TRY(PlaceInterpreter(memory, image, program, paths, placed, message));
  }
  return placed;
}

Result<StackLayout> PlaceStack(LoadedProgram& loaded, const LoadRequest& request, const ElfImage& image, const Placed& placed) {
  const core::Credentials& who = request.credentials;
  StackRequest stack{.top = arch::kUserEnd.PageDown() - RandomOffset(kStackRandomPages),
                     .arguments = request.arguments.view(),
                     .environment = request.environment,
                     .path = request.path,
                     .values = {.headers = placed.headers,
                                .header_count = image.header_count,
                                .entry = placed.entry,
                                .interpreter_base = placed.interpreter_base,
                                .uid = who.uid,
                                .euid = who.euid,
                                .gid = who.gid,
                                .egid = who.egid,
                                .hardware = 0,
                                .hardware2 = 0,
                                .minimum_signal_stack = MinimumSignalStackBytes(),
                                .random = {Random64(), Random64()}}};
  const std::size_t bytes = ESC_TRY(InitialStackBytes(stack));
  if (bytes > request.stack_limit / 4) return Status::kTooLarge;
  const std::uint64_t mapped = AlignUp<std::uint64_t>(bytes, kPageSize) + kStackSlack;
  mm::RegionOptions options;
  options.access = Access::kRead | Access::kWrite;
  if (image.executable_stack) options.access = options.access | Access::kExecute;
  options.growth = mm::Growth::kDown;
  ESC_TRY(loaded.memory->Map(stack.top - mapped, mapped, mm::Placement::kFixedNew, options));

  stack.values.vdso = ESC_TRY(MapVdso(*loaded.memory)).value;

  auto* block = static_cast<std::byte*>(mm::Allocate(bytes));
  if (block == nullptr) return Status::kNoMemory;
  const StackLayout layout = BuildInitialStack(stack, {block, bytes});
  const Status written = loaded.memory->Write(layout.pointer, block, bytes);
  mm::Free(block);
  ESC_TRY(written);
  loaded.info.stack_top = stack.top;
  return layout;
}

void Describe(core::ProgramInfo& info, const LoadRequest& request, const Placed& placed, const StackLayout& layout) {
  const std::string_view name = request.path.substr(request.path.rfind('/') + 1);
  std::memcpy(info.name.data(), name.data(), std::min(name.size(), info.name.size() - 1));
  info.entry = {placed.entry};
  info.argument_begin = layout.argument_begin;
  info.argument_end = layout.argument_end;
  info.environment_begin = layout.environment_begin;
  info.environment_end = layout.environment_end;
}

}  // namespace

Result<LoadedProgram> LoadProgram(LoadRequest& request, TextBuffer& message) {
  char line[kScriptLineBytes];
  message.Clear();
  message.Format("{}: cannot be loaded", request.path);
  const Target target = ESC_TRY(FollowScripts(request, line, message));
  const ElfImage image = ESC_TRY(ParseProgram(target.program, target.path, message));
  LoadedProgram loaded;
  loaded.memory = ESC_TRY(mm::AddressSpace::Create());
  loaded.memory->SetLimit(request.memory_limit);
  loaded.memory->SetStackLimit(request.stack_limit);
  const Placed placed = ESC_TRY(Place(*loaded.memory, image, target.program, request.paths, message));
  loaded.memory->SetBreakBase({placed.end + RandomOffset(kBreakRandomPages)});
  const StackLayout layout = ESC_TRY(PlaceStack(loaded, request, image, placed));
  Describe(loaded.info, request, placed, layout);
  ESC_TRY(WriteProgramPath(request.paths, target.path == request.path ? request.base : nullptr, target.path, loaded.info.path));
  loaded.registers = arch::InitialUserRegisters({placed.start}, layout.pointer);
  loaded.registers.original_rax = arch::kNoSystemCall;
  return loaded;
}

}  // namespace esc::linux_abi

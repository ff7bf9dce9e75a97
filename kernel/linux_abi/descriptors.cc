// Descriptors themselves: open, close, duplicate, fcntl, pipe.
#include "kernel/core/descriptor_table.h"
#include "kernel/fs/paths.h"
#include "kernel/fs/pipe.h"
#include "kernel/fs/terminal.h"
#include "kernel/linux_abi/current.h"
#include "kernel/linux_abi/file_locks.h"
#include "kernel/linux_abi/files.h"
#include "kernel/linux_abi/layout.h"
#include "kernel/linux_abi/numbers.h"
#include "kernel/linux_abi/user_text.h"
#include "kernel/mm/user_copy.h"

namespace esc::linux_abi {
namespace {

using core::CloseOnExec;

CloseOnExec CloseOnExecOf(std::uint32_t flags) {
  return (flags & kOpenCloseOnExec) != 0 ? CloseOnExec::kYes : CloseOnExec::kNo;
}

fs::OpenOptions OptionsOf(std::uint32_t flags, std::uint32_t mode) {
  const std::uint32_t access = flags & kOpenAccessMode;
  fs::OpenOptions options;
  options.path_only = (flags & kOpenPath) != 0;
  options.follow = (flags & kOpenNoFollow) == 0;
  options.directory_only = (flags & kOpenDirectory) != 0;
  if (options.path_only) return options;  // all other flags are ignored then (open(2))
  options.mode.readable = access == kOpenReadOnly || access == kOpenReadWrite;
  options.mode.writable = access == kOpenWriteOnly || access == kOpenReadWrite;
  options.mode.append = (flags & kOpenAppend) != 0;
  options.mode.non_blocking = (flags & kOpenNonBlock) != 0;
  options.create = (flags & kOpenCreate) != 0;
  options.exclusive = (flags & kOpenExclusive) != 0;
  options.truncate = (flags & kOpenTruncate) != 0;
  options.permissions = static_cast<std::uint16_t>(mode & 07777);
  return options;
}

// A session's leader without a terminal gets the one that it opens (POSIX 11.1.3); not by /dev/console, as on Linux.
void TakeControllingTerminal(fs::OpenFile& file) {
  constexpr fs::DeviceNumber kConsole{.major = 5, .minor = 1};
  fs::Terminal* terminal = file.terminal();
  if (terminal == nullptr || terminal->session().value != 0 || file.node().GetAttributes().device == kConsole) return;
  core::Process& process = core::CurrentProcess();
  const core::ProcessRelations relations = core::GetRelations(process);
  if (relations.session != process.pid()) return;
  terminal->SetSession(relations.session);
  terminal->SetForegroundGroup(relations.group);
}

std::uint32_t FlagsOf(core::OpenMode mode) {
  std::uint32_t flags = kOpenLargeFile;
  if (mode.readable && mode.writable) flags |= kOpenReadWrite;
  if (!mode.readable && mode.writable) flags |= kOpenWriteOnly;
  if (!mode.readable && !mode.writable) flags = kOpenPath;
  if (mode.append) flags |= kOpenAppend;
  if (mode.non_blocking) flags |= kOpenNonBlock;
  return flags;
}

}  // namespace

Answer OpenAt(int base, VirtAddr path, std::uint32_t flags, std::uint32_t mode) {
  UserPath name;
  ESC_TRY(name.Copy(path));
  if (name.view().empty()) return Status::kNotFound;
  if ((flags & kOpenTemporary) != 0) return Status::kNotSupported;
  if ((flags & kOpenAccessMode) == kOpenAccessMode) return Status::kInvalidArgument;
  const mm::RefPtr<fs::Node> start = ESC_TRY(BaseOf(base, name.view()));
  const mm::RefPtr<fs::Paths> paths = fs::CurrentPaths();
  // What would come to nothing for want of a descriptor must not make or cut a file.
  if ((flags & (kOpenCreate | kOpenTruncate)) != 0) ESC_TRY(CurrentDescriptors()->MakeRoom());
  const mm::RefPtr<fs::OpenFile> file = ESC_TRY(fs::Open(*paths, start.get(), name.view(), OptionsOf(flags, mode)));
  if ((flags & kOpenNoControllingTerminal) == 0) TakeControllingTerminal(*file);
  return CurrentDescriptors()->Add(file, CloseOnExecOf(flags));
}

Answer Open(VirtAddr path, std::uint32_t flags, std::uint32_t mode) { return OpenAt(kAtWorkingDirectory, path, flags, mode); }

Answer Create(VirtAddr path, std::uint32_t mode) {
  return OpenAt(kAtWorkingDirectory, path, kOpenCreate | kOpenWriteOnly | kOpenTruncate, mode);
}

Answer MakeMemoryFile(VirtAddr name, std::uint32_t flags) {
  constexpr std::uint32_t kCloseOnExec = 1, kSealing = 2, kNoExecutable = 8, kExecutable = 16;  // MFD_*; seals come never
  if ((flags & ~(kCloseOnExec | kSealing | kNoExecutable | kExecutable)) != 0) return Status::kInvalidArgument;
  UserPath text;
  ESC_TRY(text.Copy(name));
  const auto close = (flags & kCloseOnExec) != 0 ? CloseOnExec::kYes : CloseOnExec::kNo;
  return CurrentDescriptors()->Add(ESC_TRY(fs::MakeUnnamedFile()), close);
}

Answer Close(int descriptor) {
  const mm::RefPtr<core::DescriptorTable> table = CurrentDescriptors();
  ReleaseLocksOnClose(*ESC_TRY(table->Get(descriptor)));
  return table->Close(descriptor);
}

Answer CloseRange(std::uint32_t first, std::uint32_t last, std::uint32_t flags) {
  constexpr std::uint32_t kOnlyMark = 4, kUnshare = 2;  // CLOSE_RANGE_CLOEXEC, CLOSE_RANGE_UNSHARE
  if (first > last || (flags & ~kOnlyMark) != 0) return (flags & kUnshare) ? Status::kNotSupported : Status::kInvalidArgument;
  const mm::RefPtr<core::DescriptorTable> table = CurrentDescriptors();
  if (first > static_cast<std::uint32_t>(core::DescriptorTable::kMaxDescriptors)) return 0;
  for (int at = table->NextOpen(static_cast<int>(first)); at >= 0 && static_cast<std::uint32_t>(at) <= last;
       at = table->NextOpen(at + 1)) {
    // A descriptor that another thread closes meanwhile is as good as closed by us.
    const Status done = (flags & kOnlyMark) != 0 ? table->SetCloseOnExec(at, CloseOnExec::kYes) : table->Close(at);
    if (!Ok(done) && done != Status::kBadDescriptor) return done;
  }
  return 0;
}

Answer Duplicate(int descriptor) {
  const mm::RefPtr<core::DescriptorTable> table = CurrentDescriptors();
  return table->Add(ESC_TRY(table->Get(descriptor)), CloseOnExec::kNo);
}

Answer Duplicate2(int from, int to) {
  const mm::RefPtr<core::DescriptorTable> table = CurrentDescriptors();
  const mm::RefPtr<core::File> file = ESC_TRY(table->Get(from));
  if (from == to) return to;
  if (const auto before = table->Get(to); before.ok()) ReleaseLocksOnClose(**before);
  ESC_TRY(table->Put(to, file, CloseOnExec::kNo));
  return to;
}

Answer Duplicate3(int from, int to, std::uint32_t flags) {
  if (from == to || (flags & ~kOpenCloseOnExec) != 0) return Status::kInvalidArgument;
  const mm::RefPtr<core::DescriptorTable> table = CurrentDescriptors();
  ESC_TRY(table->Put(to, ESC_TRY(table->Get(from)), CloseOnExecOf(flags)));
  return to;
}

Answer Control(int descriptor, std::uint32_t command, std::uint64_t argument) {
  const mm::RefPtr<core::DescriptorTable> table = CurrentDescriptors();
  const mm::RefPtr<core::File> file = ESC_TRY(table->Get(descriptor));
  switch (command) {
    case kFcntlDuplicate:
    case kFcntlDuplicateCloseOnExec:
      if (argument >= static_cast<std::uint64_t>(core::DescriptorTable::kMaxDescriptors)) return Status::kInvalidArgument;
      return table->Add(file, command == kFcntlDuplicate ? CloseOnExec::kNo : CloseOnExec::kYes, static_cast<int>(argument));
    case kFcntlGetDescriptorFlags:
      return ESC_TRY(table->GetCloseOnExec(descriptor)) == CloseOnExec::kYes ? kDescriptorCloseOnExec : std::uint64_t{0};
    case kFcntlSetDescriptorFlags:
      return table->SetCloseOnExec(descriptor, (argument & kDescriptorCloseOnExec) != 0 ? CloseOnExec::kYes : CloseOnExec::kNo);
    case kFcntlGetFlags:
      return FlagsOf(file->mode());
    case kFcntlSetFlags:
      file->SetNonBlocking((argument & kOpenNonBlock) != 0);
      file->SetAppend((argument & kOpenAppend) != 0);
      return 0;
    case kFcntlGetLock:
    case kFcntlSetLock:
    case kFcntlSetLockWait:
    case kFcntlGetDescriptionLock:
    case kFcntlSetDescriptionLock:
    case kFcntlSetDescriptionLockWait:
      return ControlLock(*file, command, {argument});
    case kFcntlSetPipeSize:
      // The size is fixed; who asks for no more has it.
      if (fs::AsOpenFile(*file).node().type() != fs::NodeType::kFifo) return Status::kBadDescriptor;
      return argument <= fs::kPipeBytes ? Answer(fs::kPipeBytes) : Answer(Status::kPermissionDenied);
    case kFcntlGetPipeSize:
      if (fs::AsOpenFile(*file).node().type() != fs::NodeType::kFifo) return Status::kBadDescriptor;
      return fs::kPipeBytes;
    default:
      return Status::kInvalidArgument;
  }
}

Answer Pipe2(VirtAddr ends, std::uint32_t flags) {
  if ((flags & ~(kOpenCloseOnExec | kOpenNonBlock)) != 0) return Status::kInvalidArgument;
  const fs::PipeEnds pipe = ESC_TRY(fs::MakePipe((flags & kOpenNonBlock) != 0));
  const mm::RefPtr<core::DescriptorTable> table = CurrentDescriptors();
  const int reader = ESC_TRY(table->Add(pipe.reader, CloseOnExecOf(flags)));
  const Result<int> writer = table->Add(pipe.writer, CloseOnExecOf(flags));
  if (writer.ok()) {
    const std::int32_t both[2] = {reader, *writer};
    const Status told = mm::WriteUser(ends, both);
    if (Ok(told)) return 0;
    (void)table->Close(*writer);
    (void)table->Close(reader);
    return told;
  }
  (void)table->Close(reader);
  return writer.status();
}

Answer Pipe(VirtAddr ends) { return Pipe2(ends, 0); }

}  // namespace esc::linux_abi

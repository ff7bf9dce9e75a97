#include "kernel/fs/proc_process.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "kernel/core/dispatch/dispatcher.h"
#include "kernel/core/process.h"
#include "kernel/core/thread.h"
#include "kernel/fs/memory_tree.h"
#include "kernel/fs/proc_links.h"
#include "kernel/fs/text_file.h"
#include "kernel/mm/address_space.h"

namespace esc::fs {
namespace {

constexpr std::int64_t kNanosPerClockTick = 10'000'000;  // USER_HZ is 100

// What is read of a process under its locks, so that texts are made without them.
struct Snapshot {
  core::ProgramInfo program;
  core::Credentials credentials;
  core::Accounting own;
  core::Accounting children;
  mm::RefPtr<mm::AddressSpace> memory;
  Pid parent, group, session;
  Nanos started;
  std::size_t threads = 0;
  int nice = 0;
  char state = 'S';
  std::uint64_t pending = 0, ignored = 0, caught = 0;
  CpuSet affinity;
  std::array<core::Limit, core::kResources> limits;
};

char StateLetter(core::Process& process, bool running, bool stopped) {
  if (process.state == core::State::kZombie) return 'Z';
  if (process.state == core::State::kDead) return 'X';
  return running ? 'R' : stopped ? 'T' : 'S';
}

Snapshot Capture(core::Process& process) {
  Snapshot s;
  bool running = false, stopped = false;
  {
    SpinLockGuard guard(process.lock);
    s.program = process.program;
    s.credentials = process.credentials;
    s.memory = process.memory;
    s.started = process.started;
    s.affinity = process.affinity;
    s.limits = process.limits;
    s.pending = process.pending.bits();
    for (std::size_t i = 1; i < process.actions.size(); ++i) {
      const std::uint64_t bit = std::uint64_t{1} << (i - 1);
      if (process.actions[i].handler == core::kIgnoreHandler) s.ignored |= bit;
      else if (process.actions[i].handler != core::kDefaultHandler) s.caught |= bit;
    }
    for (core::Thread& thread : process.threads) {
      if (s.threads == 0) s.nice = core::OwnParameters(thread).nice;
      ++s.threads;
      const core::State state = thread.state();
      running |= state == core::State::kRunning || state == core::State::kReady;
      stopped |= state == core::State::kStopped;
    }
  }
  s.own = core::TotalAccounting(process);
  const core::ProcessRelations relations = core::GetRelations(process);
  s.parent = relations.parent;
  s.group = relations.group;
  s.session = relations.session;
  s.children = relations.children_accounting;
  s.state = StateLetter(process, running, stopped);
  return s;
}

// Up to the terminating zero, if there is one.
template <std::size_t kSize>
std::string_view Text(const std::array<char, kSize>& text) {
  return {text.data(), static_cast<std::size_t>(std::find(text.begin(), text.end(), '\0') - text.begin())};
}
std::string_view Name(const core::ProgramInfo& program) { return Text(program.name); }

std::int64_t Ticks(Nanos time) { return time.value / kNanosPerClockTick; }

void WriteStat(const Snapshot& s, Pid pid, TextBuffer& text) {
  const mm::AddressSpaceStats memory = s.memory ? s.memory->stats() : mm::AddressSpaceStats{};
  const int terminal = 5 << 8 | 1;  // tty_nr: major 5, minor 1, the console
  text.Format("{} ({}) {} {} {} {} {} {} 0 ", pid, Name(s.program), s.state, s.parent, s.group, s.session, terminal, s.group);
  text.Format("{} {} 0 0 {} {} {} {} ", s.own.minor_faults, s.children.minor_faults, Ticks(s.own.user), Ticks(s.own.system),
              Ticks(s.children.user), Ticks(s.children.system));
  text.Format("{} {} {} 0 {} {} {} 18446744073709551615 ", 20 + s.nice, s.nice, s.threads, Ticks(s.started), memory.mapped_bytes, memory.resident_pages);
  text.Format("0 0 {} 0 0 {} 0 {} {} 0 0 0 17 0 0 0 0 0 0 0 0 0 ", s.program.stack_top, s.pending, s.ignored, s.caught);
  text.Format("{} {} {} {} 0\n", s.program.argument_begin, s.program.argument_end, s.program.environment_begin,
              s.program.environment_end);
}

std::string_view StateWord(char state) {
  switch (state) {
    case 'R': return "R (running)";
    case 'T': return "T (stopped)";
    case 'Z': return "Z (zombie)";
    case 'X': return "X (dead)";
    default: return "S (sleeping)";
  }
}

void WriteStatus(const Snapshot& s, Pid pid, TextBuffer& text) {
  const mm::AddressSpaceStats memory = s.memory ? s.memory->stats() : mm::AddressSpaceStats{};
  const core::Credentials& c = s.credentials;
  text.Format("Name:\t{}\nState:\t{}\nTgid:\t{}\nPid:\t{}\nPPid:\t{}\n", Name(s.program), StateWord(s.state), pid, pid, s.parent);
  text.Format("Uid:\t{}\t{}\t{}\t{}\nGid:\t{}\t{}\t{}\t{}\n", c.uid, c.euid, c.suid, c.euid, c.gid, c.egid, c.sgid, c.egid);
  text.Format("VmSize:\t{} kB\nVmRSS:\t{} kB\nThreads:\t{}\n", memory.mapped_bytes / 1024, memory.resident_pages * 4, s.threads);
  text.Format("Cpus_allowed:\t{:x}\n", s.affinity.mask());
  text.Format("voluntary_ctxt_switches:\t{}\nnonvoluntary_ctxt_switches:\t{}\n", s.own.voluntary_switches, s.own.involuntary_switches);
  text.Format("user_ns:\t{}\nsystem_ns:\t{}\nwait_ns:\t{}\n", s.own.user, s.own.system, s.own.waiting);
}

// Arguments or environment, as they lie in the process's memory now.
void WriteMemory(const Snapshot& s, VirtAddr begin, VirtAddr end, TextBuffer& text) {
  char piece[128];
  while (s.memory && begin < end) {
    const std::size_t bytes = std::min<std::uint64_t>(sizeof(piece), end - begin);
    if (!Ok(s.memory->Read(begin, piece, bytes))) return;
    text.Append(std::string_view(piece, bytes));
    begin = begin + bytes;
  }
}

void WriteMaps(const Snapshot& s, TextBuffer& text) {
  if (!s.memory) return;
  s.memory->ForEachRegion([&](const mm::RegionInfo& region) {
    const auto letter = [&](arch::Access wanted, char c) { return arch::Allows(region.access, wanted) ? c : '-'; };
    text.AppendUnsigned(region.begin.value, 16, 8);
    text.Append('-');
    text.AppendUnsigned(region.end.value, 16, 8);
    text.Format(" {}{}{}{} ", letter(arch::Access::kRead, 'r'), letter(arch::Access::kWrite, 'w'),
                letter(arch::Access::kExecute, 'x'), region.sharing == mm::Sharing::kShared ? 's' : 'p');
    text.AppendUnsigned(region.source_offset, 16, 8);
    text.Format(" 00:00 0 {}\n", region.growth == mm::Growth::kDown ? "[stack]" : region.file_backed ? "file" : "");
  });
}

void WriteStatm(const Snapshot& s, TextBuffer& text) {
  const mm::AddressSpaceStats memory = s.memory ? s.memory->stats() : mm::AddressSpaceStats{};
  text.Format("{} {} 0 0 0 {} 0\n", memory.mapped_bytes / kPageSize, memory.resident_pages, memory.resident_pages);
}

void WriteLimits(const Snapshot& s, TextBuffer& text) {
  struct Name {
    std::string_view name, unit;
  };
  constexpr std::array<Name, core::kResources> kNames = {{{"Max cpu time", "seconds"},
                                                          {"Max file size", "bytes"},
                                                          {"Max data size", "bytes"},
                                                          {"Max stack size", "bytes"},
                                                          {"Max core file size", "bytes"},
                                                          {"Max resident set", "bytes"},
                                                          {"Max processes", "processes"},
                                                          {"Max open files", "files"},
                                                          {"Max locked memory", "bytes"},
                                                          {"Max address space", "bytes"},
                                                          {"Max file locks", "locks"},
                                                          {"Max pending signals", "signals"},
                                                          {"Max msgqueue size", "bytes"},
                                                          {"Max nice priority", ""},
                                                          {"Max realtime priority", ""},
                                                          {"Max realtime timeout", "us"}}};
  const auto column = [&](std::string_view word, std::size_t width) {
    text.Append(word);
    for (std::size_t i = word.size(); i < width; ++i) text.Append(' ');
  };
  const auto value = [&](std::uint64_t limit) {
    FixedText<24> number;
    if (limit != ~std::uint64_t{0}) number.Format("{}", limit);
    column(number.view().empty() ? "unlimited" : number.view(), 21);
  };
  column("Limit", 26);
  column("Soft Limit", 21);
  column("Hard Limit", 21);
  text.Append("Units\n");
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    column(kNames[i].name, 26);
    value(s.limits[i].current);
    value(s.limits[i].maximum);
    text.Format("{}\n", kNames[i].unit);
  }
}

void WriteMounts(TextBuffer& text) { text.Append("none / ramfs rw 0 0\nproc /proc proc rw 0 0\n"); }
void WriteMountInfo(TextBuffer& text) {
  text.Append("1 1 0:1 / / rw - ramfs none rw\n2 1 0:2 / /proc rw - proc proc rw\n");
}

enum class TextKind : std::uint8_t {
  kStat = 1, kStatus, kCommandLine, kEnvironment, kName, kMaps, kStatm, kLimits, kMounts, kMountInfo
};
struct TextName {
  std::string_view name;
  TextKind text;
};
constexpr std::array<TextName, 10> kTexts = {{{"stat", TextKind::kStat},
                                             {"status", TextKind::kStatus},
                                             {"cmdline", TextKind::kCommandLine},
                                             {"environ", TextKind::kEnvironment},
                                             {"comm", TextKind::kName},
                                             {"maps", TextKind::kMaps},
                                             {"statm", TextKind::kStatm},
                                             {"limits", TextKind::kLimits},
                                             {"mounts", TextKind::kMounts},
                                             {"mountinfo", TextKind::kMountInfo}}};

// What is no text.
struct OtherName {
  std::string_view name;
  NodeType type;
};
constexpr std::uint64_t kFirstOther = 96;  // inode numbers, after those of the texts
constexpr std::array<OtherName, 4> kOthers = {{{"exe", NodeType::kSymbolicLink},
                                               {"cwd", NodeType::kSymbolicLink},
                                               {"root", NodeType::kSymbolicLink},
                                               {"fd", NodeType::kDirectory}}};

class ProcessText : public TextNode {
 public:
  ProcessText(mm::RefPtr<core::Process> process, TextKind which) : process_(std::move(process)), which_(which) {}

  Status Write(TextBuffer& text) override {
    const Snapshot s = Capture(*process_);
    switch (which_) {
      case TextKind::kStat: WriteStat(s, process_->pid(), text); break;
      case TextKind::kStatus: WriteStatus(s, process_->pid(), text); break;
      case TextKind::kCommandLine: WriteMemory(s, s.program.argument_begin, s.program.argument_end, text); break;
      case TextKind::kEnvironment: WriteMemory(s, s.program.environment_begin, s.program.environment_end, text); break;
      case TextKind::kName: text.Format("{}\n", Name(s.program)); break;
      case TextKind::kMaps: WriteMaps(s, text); break;
      case TextKind::kStatm: WriteStatm(s, text); break;
      case TextKind::kLimits: WriteLimits(s, text); break;
      case TextKind::kMounts: WriteMounts(text); break;
      case TextKind::kMountInfo: WriteMountInfo(text); break;
    }
    return Status::kOk;
  }

 protected:
  void FillAttributes(Attributes& attributes) override ESC_REQUIRES(lock_) {
    TextNode::FillAttributes(attributes);
    attributes.inode = ProcessInode(process_->pid(), static_cast<std::uint64_t>(which_));
  }

 private:
  const mm::RefPtr<core::Process> process_;
  const TextKind which_;
};

// /proc/PID/exe: a link to the program's path.
class ProgramLink : public BaseNode {
 public:
  explicit ProgramLink(mm::RefPtr<core::Process> process) : BaseNode(NodeType::kSymbolicLink, 0777), process_(std::move(process)) {}
  Result<std::size_t> ReadLink(std::span<char> target) override {
    SpinLockGuard guard(process_->lock);
    const std::string_view path = Text(process_->program.path);
    const std::size_t bytes = std::min(target.size(), path.size());
    if (bytes == 0) return Status::kNotFound;
    std::memcpy(target.data(), path.data(), bytes);
    return bytes;
  }
  Result<mm::RefPtr<OpenFile>> Open(core::OpenMode) override { return Status::kTooManyLinks; }

 private:
  const mm::RefPtr<core::Process> process_;
};

class ProcessDirectory : public BaseNode {
 public:
  ProcessDirectory(mm::RefPtr<core::Process> process, Node& proc)
      : BaseNode(NodeType::kDirectory, 0555), process_(std::move(process)), proc_(&proc) {}

  Result<mm::RefPtr<Node>> Lookup(std::string_view name) override {
    if (name == "cwd") return MakePlaceLink(process_, PlaceOf::kWorkingDirectory);
    if (name == "root") return MakePlaceLink(process_, PlaceOf::kRoot);
    if (name == "fd") return MakeDescriptorDirectory(process_, *this);
    if (name == "exe") return mm::RefPtr<Node>(ESC_TRY(mm::MakeRef<ProgramLink>(process_)));
    for (const TextName& entry : kTexts) {
      if (entry.name == name) return mm::RefPtr<Node>(ESC_TRY(mm::MakeRef<ProcessText>(process_, entry.text)));
    }
    return Status::kNotFound;
  }
  Status ReadDirectory(std::uint64_t cursor, FunctionRef<bool(const DirectoryEntry&)> take) override {
    const Pid pid = process_->pid();
    if (cursor == 0 && !take({".", ProcessInode(pid, 0), NodeType::kDirectory, ++cursor})) return Status::kOk;
    if (cursor == 1 && !take({"..", proc_->GetAttributes().inode, NodeType::kDirectory, ++cursor})) return Status::kOk;
    while (cursor - 2 < kTexts.size()) {
      const TextName& entry = kTexts[cursor - 2];
      const auto inode = ProcessInode(pid, static_cast<std::uint64_t>(entry.text));
      if (!take({entry.name, inode, NodeType::kFile, ++cursor})) return Status::kOk;
    }
    while (cursor - 2 - kTexts.size() < kOthers.size()) {
      const std::size_t at = cursor - 2 - kTexts.size();
      if (!take({kOthers[at].name, ProcessInode(pid, kFirstOther + at), kOthers[at].type, ++cursor})) return Status::kOk;
    }
    return Status::kOk;
  }
  Node* Parent() override { return proc_.get(); }
  Result<mm::RefPtr<OpenFile>> Open(core::OpenMode mode) override {
    if (mode.writable) return Status::kIsDirectory;
    return mm::RefPtr<OpenFile>(ESC_TRY(mm::MakeRef<OpenDirectory>(mode, mm::RefPtr<Node>(this))));
  }
  Attributes GetAttributes() override {
    Attributes attributes = BaseNode::GetAttributes();
    SpinLockGuard guard(process_->lock);
    attributes.uid = process_->credentials.euid;
    attributes.gid = process_->credentials.egid;
    return attributes;
  }

 protected:
  void FillAttributes(Attributes& attributes) override ESC_REQUIRES(lock_) {
    attributes.inode = ProcessInode(process_->pid(), 0);
    attributes.file_system = kProcDevice;
    attributes.links = 2;
  }

 private:
  const mm::RefPtr<core::Process> process_;
  const mm::RefPtr<Node> proc_;
};

}  // namespace

Result<mm::RefPtr<Node>> MakeProcessDirectory(Pid pid, Node& proc) {
  mm::RefPtr<core::Process> process = core::FindProcess(pid);
  if (!process || pid.value <= 0) return Status::kNotFound;
  return mm::RefPtr<Node>(ESC_TRY(mm::MakeRef<ProcessDirectory>(std::move(process), proc)));
}

}  // namespace esc::fs

#include "kernel/fs/proc.h"

#include <algorithm>
#include <array>

#include "kernel/arch_api/clock.h"
#include "kernel/arch_api/cpu.h"
#include "kernel/core/dispatch/dispatcher.h"
#include "kernel/core/process.h"
#include "kernel/fs/file_system.h"
#include "kernel/fs/memory_tree.h"
#include "kernel/fs/proc_process.h"
#include "kernel/fs/text_file.h"
#include "kernel/mm/frames.h"
#include "kernel/mm/heap.h"

namespace esc::fs {
namespace {

class SystemText : public TextNode {
 public:
  explicit SystemText(void (*write)(TextBuffer&)) : write_(write) {}
  Status Write(TextBuffer& text) override {
    write_(text);
    return Status::kOk;
  }

 private:
  void (*const write_)(TextBuffer&);
};

// /proc/self: a link to the reader's own directory.
class SelfLink : public BaseNode {
 public:
  SelfLink() : BaseNode(NodeType::kSymbolicLink, 0777) {}
  Result<std::size_t> ReadLink(std::span<char> target) override {
    TextBuffer text(target);
    text.Format("{}", core::CurrentProcess().pid());
    return text.size();
  }
  Result<mm::RefPtr<OpenFile>> Open(core::OpenMode) override { return Status::kTooManyLinks; }
};

// A number without sign or leading zeros; pid 0 for anything else.
Pid ParsePid(std::string_view name) {
  if (name.empty() || name.size() > 7 || name.front() == '0') return {};
  std::int32_t value = 0;
  for (const char c : name) {
    if (c < '0' || c > '9') return {};
    value = value * 10 + (c - '0');
  }
  return {value};
}

// A directory that only the kernel adds to.
class FixedDirectory : public MemoryDirectory {
 public:
  explicit FixedDirectory(Node* parent) : MemoryDirectory(0555, parent) {}
  Status Add(std::string_view name, mm::RefPtr<Node> node) { return MemoryDirectory::Insert(name, std::move(node)); }
  Status Insert(std::string_view, mm::RefPtr<Node>) override { return Status::kPermissionDenied; }
  Status Replace(std::string_view, mm::RefPtr<Node>) override { return Status::kPermissionDenied; }
  Status Remove(std::string_view) override { return Status::kPermissionDenied; }

 protected:
  void FillAttributes(Attributes& attributes) override ESC_REQUIRES(lock_) {
    attributes.file_system = kProcDevice;
    attributes.links = 2;
  }
};

// Fixed entries, then the processes that live now.
class ProcDirectory : public FixedDirectory {
 public:
  using FixedDirectory::FixedDirectory;

  Result<mm::RefPtr<Node>> Lookup(std::string_view name) override {
    if (const Pid pid = ParsePid(name); pid.value > 0) return MakeProcessDirectory(pid, *this);
    return MemoryDirectory::Lookup(name);
  }

  Status ReadDirectory(std::uint64_t cursor, FunctionRef<bool(const DirectoryEntry&)> take) override {
    bool more = true;
    if (cursor < kFirstProcess) {
      ESC_TRY(MemoryDirectory::ReadDirectory(cursor, [&](const DirectoryEntry& entry) { return more = take(entry); }));
      cursor = kFirstProcess;
    }
    // Pids first, entries after: `take` may touch user memory, which must not happen inside of the visit.
    while (more) {
      Pid next{};
      core::ForEachProcess([&](core::Process& process) {
        const Pid pid = process.pid();
        const bool wanted = pid.value > 0 && kFirstProcess + static_cast<std::uint64_t>(pid.value) > cursor;
        if (wanted && (next.value == 0 || pid < next)) next = pid;
      });
      if (next.value == 0) return Status::kOk;
      FixedText<16> name;
      name.Format("{}", next);
      cursor = kFirstProcess + static_cast<std::uint64_t>(next.value);
      more = take({name.view(), ProcessInode(next, 0), NodeType::kDirectory, cursor});
    }
    return Status::kOk;
  }

 private:
  static constexpr std::uint64_t kFirstProcess = std::uint64_t{1} << 32;
};

void WriteUptime(TextBuffer& text) {
  const auto hundredths = [&](Nanos time) {
    text.Format("{}.", time.value / 1'000'000'000);
    text.AppendUnsigned(static_cast<std::uint64_t>(time.value / 10'000'000 % 100), 10, 2);
  };
  hundredths(arch::Now());
  text.Append(' ');
  hundredths(core::GetDispatchStats().idle_time);
  text.Append('\n');
}

void WriteMeminfo(TextBuffer& text) {
  const mm::FrameStats frames = mm::GetFrameStats();
  const mm::HeapStats heap = mm::GetHeapStats();
  constexpr std::uint64_t kKilobytes = kPageSize / 1024;
  text.Format("MemTotal: {} kB\nMemFree: {} kB\nMemAvailable: {} kB\n", frames.total * kKilobytes, frames.free * kKilobytes,
              frames.free * kKilobytes);
  text.Format("Buffers: 0 kB\nCached: 0 kB\nSwapCached: 0 kB\nShmem: 0 kB\nSReclaimable: 0 kB\nSlab: {} kB\n", heap.slab_frames * kKilobytes);
  text.Append("SwapTotal: 0 kB\nSwapFree: 0 kB\n");
}

struct Population {
  unsigned processes = 0, running = 0;
  core::Accounting total;
};

Population Count() {
  Population count;
  core::ForEachProcess([&](core::Process& process) {
    ++count.processes;
    SpinLockGuard guard(process.lock);
    count.total += process.accounting;
    for (core::Thread& thread : process.threads) {
      count.total += thread.accounting;
      count.running += thread.state() == core::State::kRunning || thread.state() == core::State::kReady;
    }
  });
  return count;
}

void WriteStat(TextBuffer& text) {
  const Population count = Count();
  const core::DispatchStats dispatch = core::GetDispatchStats();
  constexpr std::int64_t kTick = 10'000'000;
  const auto line = [&](std::string_view name) {
    text.Format("{} {} 0 {} {} 0 0 0 0 0 0\n", name, count.total.user.value / kTick, count.total.system.value / kTick,
                dispatch.idle_time.value / kTick);
  };
  line("cpu ");
  line("cpu0");
  text.Format("intr 0\nctxt {}\nbtime {}\nprocesses {}\nprocs_running {}\nprocs_blocked 0\n", dispatch.switches,
              arch::WallClockAtBoot().value / 1'000'000'000, count.processes, count.running);
}

void WriteLoadavg(TextBuffer& text) {
  const Population count = Count();
  text.Format("0.00 0.00 0.00 {}/{} {}\n", count.running, count.processes, core::CurrentProcess().pid());
}

void WriteCpuinfo(TextBuffer& text) {
  for (std::uint32_t cpu = 0; cpu < arch::CpuCount(); ++cpu) text.Format("processor\t: {}\n\n", cpu);
}

struct SystemFile {
  std::string_view name;
  void (*write)(TextBuffer&);
};
constexpr std::array<SystemFile, 6> kSystemFiles = {{
    {"uptime", WriteUptime},
    {"meminfo", WriteMeminfo},
    {"stat", WriteStat},
    {"loadavg", WriteLoadavg},
    {"cpuinfo", WriteCpuinfo},
    {"filesystems", [](TextBuffer& text) { text.Append("nodev\tramfs\nnodev\tproc\n"); }},
}};

// Set once at boot, before there is a second thread.
[[clang::no_destroy]] constinit mm::RefPtr<FixedDirectory> proc_root;

}  // namespace

Result<mm::RefPtr<Node>> MakeProc(Node& parent) {
  const mm::RefPtr<ProcDirectory> proc = ESC_TRY(mm::MakeRef<ProcDirectory>(&parent));
  for (const SystemFile& file : kSystemFiles) ESC_TRY(proc->Add(file.name, ESC_TRY(mm::MakeRef<SystemText>(file.write))));
  ESC_TRY(proc->Add("self", ESC_TRY(mm::MakeRef<SelfLink>())));
  ESC_TRY(proc->Add("mounts", ESC_TRY(SymbolicLink::Create("self/mounts"))));
  proc_root = proc;
  return mm::RefPtr<Node>(proc);
}

Status AddProcFile(std::string_view path, void (*write)(TextBuffer& text)) {
  ESC_CHECK(static_cast<bool>(proc_root));
  mm::RefPtr<FixedDirectory> directory = proc_root;
  for (std::size_t slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/')) {
    const std::string_view name = path.substr(0, slash);
    const Result<mm::RefPtr<Node>> next = directory->Lookup(name);
    mm::RefPtr<FixedDirectory> child;
    if (next.ok()) {
      // Every directory below /proc that is not a process's is one of ours.
      if ((*next)->type() != NodeType::kDirectory || ParsePid(name).value > 0) return Status::kNotDirectory;
      child = mm::RefPtr<FixedDirectory>(static_cast<FixedDirectory*>(next->get()));
    } else {
      child = ESC_TRY(mm::MakeRef<FixedDirectory>(directory.get()));
      ESC_TRY(directory->Add(name, child));
    }
    directory = std::move(child);
    path.remove_prefix(slash + 1);
  }
  return directory->Add(path, ESC_TRY(mm::MakeRef<SystemText>(write)));
}

void ResetFileSystemForTest() { proc_root.Reset(); }

}  // namespace esc::fs

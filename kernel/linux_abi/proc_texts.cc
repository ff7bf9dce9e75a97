#include "kernel/linux_abi/proc_texts.h"

#include <array>
#include <string_view>

#include "kernel/base/format.h"
#include "kernel/core/descriptor_table.h"
#include "kernel/fs/file_system.h"
#include "kernel/linux_abi/random.h"
#include "kernel/linux_abi/state.h"
#include "kernel/linux_abi/system.h"

namespace esc::linux_abi {
namespace {

std::string_view Text(const std::array<char, 65>& name) { return {name.data()}; }

void WriteHostName(TextBuffer& text) {
  State& state = GlobalState();
  SpinLockGuard guard(state.name_lock);
  text.Format("{}\n", Text(state.host_name));
}

void WriteDomainName(TextBuffer& text) {
  State& state = GlobalState();
  SpinLockGuard guard(state.name_lock);
  text.Format("{}\n", Text(state.domain_name));
}

// A random UUID of version 4 (RFC 9562, 5.4).
void WriteUuid(TextBuffer& text) {
  std::uint64_t high = Random64(), low = Random64();
  high = (high & ~std::uint64_t{0xf000}) | 0x4000;
  low = (low & ~(std::uint64_t{3} << 62)) | std::uint64_t{2} << 62;
  text.AppendUnsigned(high >> 32, 16, 8);
  text.Append('-');
  text.AppendUnsigned(high >> 16 & 0xffff, 16, 4);
  text.Append('-');
  text.AppendUnsigned(high & 0xffff, 16, 4);
  text.Append('-');
  text.AppendUnsigned(low >> 48, 16, 4);
  text.Append('-');
  text.AppendUnsigned(low & 0xffff'ffff'ffff, 16, 12);
  text.Append('\n');
}

struct Entry {
  std::string_view path;
  void (*write)(TextBuffer&);
};
constexpr Entry kEntries[] = {
    {"version", [](TextBuffer& text) { text.Format("Linux version {} (escapement) {}\n", kSystemRelease, kSystemVersion); }},
    {"sys/kernel/ostype", [](TextBuffer& text) { text.Append("Linux\n"); }},
    {"sys/kernel/osrelease", [](TextBuffer& text) { text.Format("{}\n", kSystemRelease); }},
    {"sys/kernel/version", [](TextBuffer& text) { text.Format("{}\n", kSystemVersion); }},
    {"sys/kernel/hostname", WriteHostName},
    {"sys/kernel/domainname", WriteDomainName},
    {"sys/kernel/pid_max", [](TextBuffer& text) { text.Append("65536\n"); }},
    {"sys/kernel/threads-max", [](TextBuffer& text) { text.Append("65536\n"); }},
    {"sys/kernel/ngroups_max", [](TextBuffer& text) { text.Append("65536\n"); }},
    {"sys/kernel/cap_last_cap", [](TextBuffer& text) { text.Append("40\n"); }},
    {"sys/kernel/random/uuid", WriteUuid},
    {"sys/kernel/random/entropy_avail", [](TextBuffer& text) { text.Append("256\n"); }},
    {"sys/vm/overcommit_memory", [](TextBuffer& text) { text.Append("1\n"); }},  // what is mapped is never refused for memory
    {"sys/fs/nr_open", [](TextBuffer& text) { text.Format("{}\n", core::DescriptorTable::kMaxDescriptors); }},
    {"sys/fs/pipe-max-size", [](TextBuffer& text) { text.Append("65536\n"); }},
};

}  // namespace

Status AddProcTexts() {
  for (const Entry& entry : kEntries) ESC_TRY(fs::AddProcFile(entry.path, entry.write));
  return Status::kOk;
}

}  // namespace esc::linux_abi

#include "kernel/linux_abi/terminal.h"

#include <algorithm>

#include "kernel/core/process.h"
#include "kernel/fs/node.h"
#include "kernel/linux_abi/current.h"
#include "kernel/linux_abi/numbers.h"
#include "kernel/mm/user_copy.h"

namespace esc::linux_abi {
namespace {

using fs::Terminal;
using fs::TerminalSettings;

struct FlagOf {
  std::uint32_t bit;
  bool TerminalSettings::*setting;
};
constexpr FlagOf kInputFlags[] = {{kInputCrToNl, &TerminalSettings::carriage_return_to_newline},
                                  {kInputNlToCr, &TerminalSettings::newline_to_carriage_return},
                                  {kInputIgnoreCr, &TerminalSettings::ignore_carriage_return},
                                  {kInputXon, &TerminalSettings::software_flow_control}};
constexpr FlagOf kOutputFlags[] = {{kOutputProcess, &TerminalSettings::process_output},
                                   {kOutputNlToCrNl, &TerminalSettings::newline_to_crlf}};
constexpr FlagOf kLocalFlags[] = {{kLocalCanonical, &TerminalSettings::canonical},
                                  {kLocalEcho, &TerminalSettings::echo},
                                  {kLocalEchoErase, &TerminalSettings::echo_erase},
                                  {kLocalEchoKill, &TerminalSettings::echo_kill},
                                  {kLocalEchoNl, &TerminalSettings::echo_newline},
                                  {kLocalEchoControl, &TerminalSettings::echo_control},
                                  {kLocalSignals, &TerminalSettings::signals},
                                  {kLocalExtended, &TerminalSettings::extended},
                                  {kLocalStopOutput, &TerminalSettings::stop_background_output},
                                  {kLocalNoFlush, &TerminalSettings::no_flush}};

template <std::size_t kCount>
std::uint32_t Pack(const FlagOf (&flags)[kCount], const TerminalSettings& settings, std::uint32_t other) {
  for (const FlagOf& flag : flags) other |= settings.*flag.setting ? flag.bit : 0;
  return other;
}

// Sets the flags that we know and answers the rest.
template <std::size_t kCount>
std::uint32_t Unpack(const FlagOf (&flags)[kCount], std::uint32_t word, TerminalSettings& settings) {
  for (const FlagOf& flag : flags) {
    settings.*flag.setting = (word & flag.bit) != 0;
    word &= ~flag.bit;
  }
  return word;
}

constexpr std::uint32_t kDefaultControl = kControlBaud115200 | kControlSize8 | kControlRead | kControlHangUp;

Answer SetTermios(Terminal& terminal, VirtAddr from, bool flush, bool with_speeds) {
  Termios2 termios{};
  if (with_speeds) {
    termios = ESC_TRY(mm::ReadUser<Termios2>(from));
  } else {
    termios.base = ESC_TRY(mm::ReadUser<Termios>(from));
  }
  ESC_TRY(terminal.CheckMayChange());
  const TerminalSettings old = terminal.settings();
  TerminalSettings settings = SettingsOf(termios.base);
  settings.input_speed = with_speeds ? termios.input_speed : old.input_speed;
  settings.output_speed = with_speeds ? termios.output_speed : old.output_speed;
  if (flush) terminal.FlushInput();
  terminal.SetSettings(settings);
  return 0;
}

bool OwnsTerminal(Terminal& terminal) {
  const Pid session = core::GetRelations(core::CurrentProcess()).session;
  return session.value != 0 && terminal.session() == session;
}

Answer SetForeground(Terminal& terminal, VirtAddr from) {
  const auto group = ESC_TRY(mm::ReadUser<std::int32_t>(from));
  if (group < 0) return Status::kInvalidArgument;
  if (!OwnsTerminal(terminal)) return Status::kNotTerminal;
  ESC_TRY(terminal.CheckMayChange());
  const Pid session = terminal.session();
  bool exists = false, ours = false;
  core::ForEachProcess([&](core::Process& process) {
    if (process.pid().value == 0) return;
    const core::ProcessRelations relations = core::GetRelations(process);
    if (relations.group.value != group) return;
    exists = true;
    ours |= relations.session == session;
  });
  if (!exists) return Status::kNoSuchProcess;
  if (!ours) return Status::kPermissionDenied;
  terminal.SetForegroundGroup({group});
  return 0;
}

// A session leader without a terminal takes this one; root may take it away (TIOCSCTTY with 1).
Answer SetControlling(Terminal& terminal, std::uint64_t steal) {
  const core::Process& process = core::CurrentProcess();
  const core::ProcessRelations relations = core::GetRelations(core::CurrentProcess());
  if (relations.session != process.pid()) return Status::kPermissionDenied;
  if (terminal.session() == relations.session) return 0;
  if (terminal.session().value != 0 && !(steal == 1 && CurrentCredentials().euid == 0))
    return Status::kPermissionDenied;
  terminal.SetSession(relations.session);
  terminal.SetForegroundGroup(relations.group);
  return 0;
}

Answer ReleaseControlling(Terminal& terminal) {
  if (!OwnsTerminal(terminal)) return Status::kNotTerminal;
  terminal.EndSession(core::CurrentProcess().pid());  // only a leader's leaving frees it
  return 0;
}

Answer SetWindow(Terminal& terminal, VirtAddr from) {
  const auto window = ESC_TRY(mm::ReadUser<WindowSizeRecord>(from));
  terminal.SetWindowSize(
      {.rows = window.rows, .columns = window.columns, .x_pixels = window.x_pixels, .y_pixels = window.y_pixels});
  return 0;
}

Answer TerminalControl(Terminal& terminal, std::uint32_t request, std::uint64_t argument) {
  const VirtAddr at{argument};
  switch (request) {
    case kTtyGet: return mm::WriteUser(at, TermiosOf(terminal.settings()));
    case kTtyGet2: {
      const TerminalSettings settings = terminal.settings();
      return mm::WriteUser(at, Termios2{TermiosOf(settings), settings.input_speed, settings.output_speed});
    }
    case kTtySet:
    case kTtySetWait: return SetTermios(terminal, at, false, false);
    case kTtySetFlush: return SetTermios(terminal, at, true, false);
    case kTtySet2:
    case kTtySetWait2: return SetTermios(terminal, at, false, true);
    case kTtySetFlush2: return SetTermios(terminal, at, true, true);
    case kTtyGetWindow: {
      const fs::WindowSize size = terminal.window_size();
      return mm::WriteUser(at, WindowSizeRecord{size.rows, size.columns, size.x_pixels, size.y_pixels});
    }
    case kTtySetWindow: return SetWindow(terminal, at);
    case kTtyGetGroup:
      if (!OwnsTerminal(terminal)) return Status::kNotTerminal;
      return mm::WriteUser(at, terminal.foreground_group().value);
    case kTtySetGroup: return SetForeground(terminal, at);
    case kTtyGetSession:
      if (!OwnsTerminal(terminal)) return Status::kNotTerminal;
      return mm::WriteUser(at, terminal.session().value);
    case kTtySetControlling: return SetControlling(terminal, argument);
    case kTtyNoControlling: return ReleaseControlling(terminal);
    case kTtyFlush:
      if (argument > static_cast<std::uint64_t>(kFlushBoth)) return Status::kInvalidArgument;
      ESC_TRY(terminal.CheckMayChange());
      if (argument != static_cast<std::uint64_t>(kFlushOutput)) terminal.FlushInput();
      return 0;
    case kTtySendBreak:
    case kTtyFlow: return 0;  // what is written is sent at once: nothing to drain, stop or start
    default: return Status::kNotTerminal;
  }
}

}  // namespace

Termios TermiosOf(const TerminalSettings& settings) {
  Termios termios{};
  termios.input = Pack(kInputFlags, settings, settings.other_input);
  termios.output = Pack(kOutputFlags, settings, settings.other_output);
  termios.control = settings.other_control != 0 ? settings.other_control : kDefaultControl;
  termios.local = Pack(kLocalFlags, settings, settings.other_local);
  std::copy(settings.control.begin(), settings.control.end(), termios.characters);
  return termios;
}

TerminalSettings SettingsOf(const Termios& termios) {
  TerminalSettings settings;
  settings.other_input = Unpack(kInputFlags, termios.input, settings);
  settings.other_output = Unpack(kOutputFlags, termios.output, settings);
  settings.other_control = termios.control;
  settings.other_local = Unpack(kLocalFlags, termios.local, settings);
  std::copy_n(termios.characters, settings.control.size(), settings.control.begin());
  return settings;
}

Answer DeviceControl(int descriptor, std::uint32_t request, std::uint64_t argument) {
  const mm::RefPtr<core::DescriptorTable> table = CurrentDescriptors();
  const mm::RefPtr<core::File> file = ESC_TRY(table->Get(descriptor));
  fs::OpenFile& open = fs::AsOpenFile(*file);
  switch (request) {
    case kSetCloseOnExec: return table->SetCloseOnExec(descriptor, core::CloseOnExec::kYes);
    case kClearCloseOnExec: return table->SetCloseOnExec(descriptor, core::CloseOnExec::kNo);
    case kSetNonBlocking: file->SetNonBlocking(ESC_TRY(mm::ReadUser<std::int32_t>({argument})) != 0); return 0;
    case kBytesReadable: return mm::WriteUser({argument}, static_cast<std::int32_t>(open.Available()));
    default: break;
  }
  if (open.terminal() == nullptr) return Status::kNotTerminal;
  return TerminalControl(*open.terminal(), request, argument);
}

}  // namespace esc::linux_abi

#include "kernel/core/signal.h"

namespace esc::core {

// POSIX.1-2017, <signal.h>; the ones that POSIX lacks as Linux has them (signal(7)).
DefaultAction DefaultActionOf(Signal signal) {
  switch (signal) {
    case Signal::kChild:
    case Signal::kUrgent:
    case Signal::kWindow:
      return DefaultAction::kIgnore;
    case Signal::kContinue:
      return DefaultAction::kContinue;
    case Signal::kStop:
    case Signal::kTerminalStop:
    case Signal::kTerminalInput:
    case Signal::kTerminalOutput:
      return DefaultAction::kStop;
    case Signal::kQuit:
    case Signal::kIllegal:
    case Signal::kTrap:
    case Signal::kAbort:
    case Signal::kBus:
    case Signal::kFloatingPoint:
    case Signal::kSegmentation:
    case Signal::kCpuLimit:
    case Signal::kFileLimit:
    case Signal::kSystem:
      return DefaultAction::kCore;
    default:
      return DefaultAction::kTerminate;
  }
}

}  // namespace esc::core

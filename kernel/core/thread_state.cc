#include "kernel/core/thread_state.h"

namespace esc::core {
std::string_view StateName(State state) {
  switch (state) {
    case State::kCreating: return "creating";
    case State::kReady: return "ready";
    case State::kRunning: return "running";
    case State::kBlocked: return "blocked";
    case State::kStopped: return "stopped";
    case State::kZombie: return "zombie";
    case State::kDead: return "dead";
  }
  return "unknown";
}

}  // namespace esc::core

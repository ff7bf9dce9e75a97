#include "kernel/core/thread_state.h"

#include <array>

namespace esc::core {
namespace {

constexpr std::uint8_t Bit(State state) { return static_cast<std::uint8_t>(1u << static_cast<unsigned>(state)); }

// Row: from; bits: to. A thread goes Creating, Ready, Running, then Ready, Blocked or Stopped in turn, and ends
// Dead while it runs. A process is Ready as long as it has threads, then Zombie until it is waited for, then Dead.
constexpr std::array<std::uint8_t, kStates> kLegal = {
    /* kCreating */ Bit(State::kReady) | Bit(State::kDead),  // Dead: the creation was undone
    /* kReady    */ Bit(State::kRunning) | Bit(State::kZombie),
    /* kRunning  */ Bit(State::kReady) | Bit(State::kBlocked) | Bit(State::kStopped) | Bit(State::kDead),
    /* kBlocked  */ Bit(State::kReady),
    /* kStopped  */ Bit(State::kReady),
    /* kZombie   */ Bit(State::kDead),
    /* kDead     */ 0,
};

}  // namespace

bool LegalTransition(State from, State to) {
  const auto row = static_cast<std::size_t>(from);
  return row < kLegal.size() && static_cast<unsigned>(to) < kStates && (kLegal[row] & Bit(to)) != 0;
}

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

// The states of a thread and of a process, and the transitions that are legal.
//
// One function changes a state (Thread::SetState, Process::SetState); it asks the table below,
// which is also the documentation. An illegal change stops the kernel in debug
// builds; in production it is counted, refused and logged.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace esc::core {

enum class State : std::uint8_t {
  kCreating,  // being set up; nobody else sees it
  kReady,     // in a run queue, or about to be
  kRunning,   // in the "runs now" slot of one CPU
  kBlocked,   // parked until an event
  kStopped,   // by a job-control signal, until SIGCONT
  kZombie,    // ended, its status not yet collected
  kDead,      // gone but for references
};
inline constexpr int kStates = 7;

namespace state_internal {

constexpr std::uint8_t Bit(State state) { return static_cast<std::uint8_t>(1u << static_cast<unsigned>(state)); }

// Row: from; bits: to. A thread goes Creating, Ready, Running, then Ready, Blocked or Stopped in turn, and ends
// Dead while it runs. A process is Ready as long as it has threads, then Zombie until it is waited for, then Dead.
inline constexpr std::array<std::uint8_t, kStates> kLegal = {
    /* kCreating */ Bit(State::kReady) | Bit(State::kDead),  // Dead: the creation was undone
    /* kReady    */ Bit(State::kRunning) | Bit(State::kZombie),
    /* kRunning  */ Bit(State::kReady) | Bit(State::kBlocked) | Bit(State::kStopped) | Bit(State::kDead),
    /* kBlocked  */ Bit(State::kReady),
    /* kStopped  */ Bit(State::kReady),
    /* kZombie   */ Bit(State::kDead),
    /* kDead     */ 0,
};

}  // namespace state_internal

// Here and not in the .cc, since every switch asks twice.
constexpr bool LegalTransition(State from, State to) {
  const auto row = static_cast<std::size_t>(from);
  return row < state_internal::kLegal.size() && static_cast<unsigned>(to) < kStates &&
         (state_internal::kLegal[row] >> static_cast<unsigned>(to) & 1) != 0;
}
std::string_view StateName(State state);

}  // namespace esc::core

// The states of a thread and of a process, and the transitions that are legal.
//
// One function changes a state (Thread::SetState, Process::SetState); it asks the table in thread_state.cc,
// which is also the documentation (docs/architecture.md prints it). An illegal change stops the kernel in debug
// builds; in production it is counted, refused and logged.
#pragma once

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

bool LegalTransition(State from, State to);
std::string_view StateName(State state);

}  // namespace esc::core

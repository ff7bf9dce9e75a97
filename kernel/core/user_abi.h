// What core asks of the layer that knows the user ABI (linux_abi). Core is useful without it: kernel threads need
// none. Registered once before the first user process.
#pragma once

#include "kernel/arch_api/user_registers.h"
#include "kernel/base/status.h"
#include "kernel/base/units.h"
#include "kernel/core/signal.h"

namespace esc::core {

class Thread;

class UserAbi {
 public:
  // Builds the frame that runs `action` for `info` on the user stack of the running thread and points `registers` at
  // the handler; adjusts an interrupted system call (restart or EINTR). kFault when the stack cannot take it.
  virtual Status DeliverSignal(const SignalInfo& info, const SignalAction& action, SignalSet old_mask,
                               arch::UserRegisters& registers) = 0;
  // No handler runs: an interrupted system call is to be restarted, or answered, as its status asks.
  virtual void FinishInterruptedCall(arch::UserRegisters& registers) = 0;
  // Whether the fault that `info` tells of is an instruction that the ABI stands in for; asked with the process's lock held.
  virtual bool StandsIn(const SignalInfo&, const arch::UserRegisters&) { return false; }
  // Does what that instruction was to do. False: it cannot be done, and the process ends.
  virtual bool StandIn(arch::UserRegisters&) { return false; }
  // A signal stays pending because all that may take it block it: whoever reads signals in another way may look. The
  // process's lock is held, in any context; at most a wait queue is woken.
  virtual void SignalHeld() {}
  // The running thread is about to end, its memory is still there: clear_child_tid, robust futexes.
  virtual void ThreadExiting(Thread& thread) = 0;

 protected:
  ~UserAbi() = default;
};

void SetUserAbi(UserAbi& abi);

}  // namespace esc::core

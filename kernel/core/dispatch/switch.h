// The inside of dispatch: what parking, stopping, exiting and the timer interrupt are made of. Core's own.
#pragma once

#include "kernel/base/units.h"
#include "kernel/core/dispatch/per_cpu.h"
#include "kernel/core/thread.h"

namespace esc::core {

// Ends every switch, on the stack of the thread that runs now: releases the run queue lock that the switch began with,
// and what the thread before left behind. A new thread's first action. Interrupts off.
void FinishSwitch();

// Blocks the running thread unless a wake-up token is there (then false at once). Interrupts off, no lock held.
bool BlockCurrent();
// Stops it (job control) unless its process is to go on already. The same context.
void StopCurrent();
// Its last switch: it is dead, and somebody else frees its stack. The same context.
[[noreturn]] void EndCurrent();

// Brings the thread's accounting up to now. Locks up to kWaitQueue may be held.
void ChargeIfRunning(Thread& thread);

// Makes a stopped thread ready. No lock of rank kRunQueue or above held.
void ResumeStopped(Thread& thread);
// Makes the CPU that runs the thread, if any does, pass its way back to user mode.
void Nudge(Thread& thread);

// Acts on need_reschedule. Interrupts off, no lock held.
void Preempt();
// The parts of the timer interrupt that are dispatch's.
void DispatchTimer(PerCpu& cpu, Nanos now);

// With inheritance: what the plugin is to act on from now on. Locks up to kWaitQueue may be held.
void SetEffectiveParameters(Thread& thread, const sched::Parameters& effective, const Thread* donor);

// Those in effect now, read as one. Locks up to kWaitQueue may be held.
sched::Parameters EffectiveParameters(Thread& thread);
// The owner's wish for the thread has changed: what it is lent, and what it lends to those whom it waits for, is reckoned
// anew, along the whole chain (sync/mutex.cc). Locks below kWaitQueue may be held.
void UpdateInheritance(Thread& thread);

// The parameters of `mine` and of a waiter of whom the thread is in the way, together.
sched::Parameters MergeParameters(const sched::Parameters& mine, const sched::Parameters& donor, bool same_plugin);

}  // namespace esc::core

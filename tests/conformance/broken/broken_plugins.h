// Plugins that break one rule of the contract each. The conformance kit must catch every one of them, with the
// verdict that the rule has; a rule whose broken plugin is not caught is not checked.
#pragma once

#include "kernel/core/sched_api/descriptor.h"

namespace esc::conformance::broken {

extern const sched::Descriptor kHonest;          // breaks nothing: the others differ from it by their fault alone
extern const sched::Descriptor kForgets;         // loses every fifth thread that comes
extern const sched::Descriptor kIdles;           // now and then gives nothing though it holds a thread
extern const sched::Descriptor kGivesBlocked;    // keeps a thread that it gave, and gives it again
extern const sched::Descriptor kGivesRunning;    // gives one thread to two CPUs
extern const sched::Descriptor kKeepsMigrated;   // does not let go of a thread that moves to another queue
extern const sched::Descriptor kStaysLinked;     // gives a thread without unlinking it
extern const sched::Descriptor kIgnoresAffinity;
extern const sched::Descriptor kInventsThread;   // gives a pointer to something else
extern const sched::Descriptor kOffersPinned;    // offers a thread that the thief may not run
extern const sched::Descriptor kNamesNoCpu;      // sends a woken thread to a CPU outside its set
extern const sched::Descriptor kNegativeSlice;
extern const sched::Descriptor kStarves;         // last in, first out, with a bound
extern const sched::Descriptor kUnfair;          // two turns for the first thread
extern const sched::Descriptor kOverruns;        // writes behind its thread state
extern const sched::Descriptor kRemembers;       // decides by a global
extern const sched::Descriptor kImpure;          // Accepts answers by turns
extern const sched::Descriptor kTimerInThePast;
extern const sched::Descriptor kBadName;

}  // namespace esc::conformance::broken

#include "kernel/core/sched_api/verdict.h"

namespace esc::sched {

std::string_view VerdictName(Verdict verdict) {
  switch (verdict) {
    case Verdict::kAccepted: return "accepted";
    case Verdict::kForeignThread: return "foreign_thread";
    case Verdict::kNotRunnable: return "not_runnable";
    case Verdict::kNotQueued: return "not_queued";
    case Verdict::kRunningElsewhere: return "running_elsewhere";
    case Verdict::kWrongCpu: return "wrong_cpu";
    case Verdict::kLostThreads: return "lost_threads";
    case Verdict::kWrongCandidate: return "wrong_candidate";
    case Verdict::kBadCpu: return "bad_cpu";
    case Verdict::kBadSlice: return "bad_slice";
    case Verdict::kBadTimer: return "bad_timer";
    case Verdict::kStarvation: return "starvation";
  }
  return "unknown";
}

}  // namespace esc::sched

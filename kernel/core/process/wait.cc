// wait: what parents learn of their children.
#include <utility>

#include "kernel/core/process.h"
#include "kernel/core/process/process_table.h"
#include "kernel/core/thread.h"

namespace esc::core {
namespace {

bool Selects(const WaitSelector& selector, const Process& child) ESC_REQUIRES(process_table_lock) {
  switch (selector.kind) {
    case WaitSelector::Kind::kAny: return true;
    case WaitSelector::Kind::kPid: return child.pid() == selector.id;
    case WaitSelector::Kind::kGroup: return child.group == selector.id;
  }
  return false;
}

bool HasNews(const Process& child, const WaitOptions& options) ESC_REQUIRES(process_table_lock) {
  if (child.state == State::kZombie) return true;
  if (child.wait_reported) return false;
  if (child.exit_status.kind == ExitStatus::Kind::kStopped) return options.stopped;
  return child.exit_status.kind == ExitStatus::Kind::kContinued && options.continued;
}

WaitResult Describe(Process& child) ESC_REQUIRES(process_table_lock) {
  WaitResult result;
  result.pid = child.pid();
  result.status = child.exit_status;
  result.accounting = TotalAccounting(child);
  result.accounting += child.children_accounting;
  SpinLockGuard guard(child.lock);
  result.uid = child.credentials.uid;
  return result;
}

struct Found {
  bool any = false;  // a child that the selector names, whatever its state
  Process* child = nullptr;
};

Found FindChild(Process& parent, const WaitSelector& selector, const WaitOptions& options)
    ESC_REQUIRES(process_table_lock) {
  Found found;
  for (Process& child : parent.children) {
    if (!Selects(selector, child)) continue;
    found.any = true;
    if (!HasNews(child, options)) continue;
    found.child = &child;
    break;
  }
  return found;
}

}  // namespace

Result<WaitResult> WaitForChild(const WaitSelector& selector, const WaitOptions& options) {
  Process& parent = CurrentProcess();
  mm::RefPtr<Process> reaped;  // its last reference goes after the lock
  SpinLockGuard guard(process_table_lock);
  for (;;) {
    const Found found = FindChild(parent, selector, options);
    if (!found.any) return Status::kNoChild;
    if (found.child != nullptr) {
      WaitResult result = Describe(*found.child);
      if (options.keep) return result;
      found.child->wait_reported = true;
      if (found.child->state == State::kZombie) {
        parent.children_accounting += result.accounting;
        reaped = ProcessTable::Unlink(*found.child);
      }
      return result;
    }
    if (options.no_hang) return WaitResult{};
    ESC_TRY(parent.child_changed.Wait(process_table_lock, Interruptible::kYes));
  }
}

}  // namespace esc::core

// fork: the same regions, private pages shared copy-on-write on both sides.
#include "kernel/base/check.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/frames.h"
#include "kernel/mm/page_access.h"

namespace esc::mm {

using arch::Access;
using arch::PageEdit;
using arch::PageMapping;

Result<RefPtr<AddressSpace>> AddressSpace::Fork() {
  // Until it is returned nobody else knows the child. If a step fails, its destructor gives back what it has; a page of
  // the parent that was made copy-on-write by then has no other owner, and its next write finds that out.
  RefPtr<AddressSpace> child = ESC_TRY(Create());
  bool downgraded = false;
  const SpinLockGuard guard(lock_);
  const Status status = CopyPagesTo(*child, downgraded);
  // The parent's cached translations still allow writes; the child must not see them.
  if (downgraded && Loaded()) arch::FlushAll();
  if (!Ok(status)) return status;
  return child;
}

// The child's members are touched without its lock: nobody else has a reference, and two locks of one rank are never held
// together.
Status AddressSpace::CopyPagesTo(AddressSpace& child, bool& downgraded) ESC_NO_THREAD_SAFETY_ANALYSIS {
  ESC_DCHECK(lock_.held() && child.references() == 1);
  ESC_TRY(child.regions_.CopyFrom(regions_));
  child.mapped_bytes_ = mapped_bytes_;
  child.limit_ = limit_;
  child.stack_limit_ = stack_limit_;
  child.break_base_ = break_base_;
  child.break_ = break_;
  Status status = Status::kOk;
  arch::TableFrameSource* const tables = &child.tables_;
  std::uint64_t copied = 0;
  // Region by region: the tables between them are not even looked at.
  for (const Region& region : regions_.items()) {
    arch::VisitPages(root_, region.begin, region.end, [&](VirtAddr page, PageMapping& mapping) {
      if (!Ok(status)) return PageEdit::kKeep;
      const bool downgrade = region.sharing == Sharing::kPrivate && arch::Allows(mapping.access, Access::kWrite);
      if (downgrade) {
        mapping.access = WithoutWrite(mapping.access);
        mapping.copy_on_write = true;
      }
      status = arch::MapPage(child.root_, page, mapping, *tables);
      if (!Ok(status)) return PageEdit::kKeep;
      ShareFrame(mapping.frame);
      ++copied;
      downgraded |= downgrade;
      return downgrade ? PageEdit::kReplace : PageEdit::kKeep;
    });
  }
  child.resident_pages_ = copied;
  return status;
}

}  // namespace esc::mm

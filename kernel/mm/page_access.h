// What a region's protection means for a page's mapping.
#pragma once

#include "kernel/arch_api/paging.h"
#include "kernel/mm/region_kind.h"

namespace esc::mm {

// As the hardware grants it: whoever may write or execute may read too (SDM vol. 3A, 4.6).
constexpr arch::Access EffectiveAccess(arch::Access access) {
  return access == arch::Access::kNone ? access : access | arch::Access::kRead;
}

constexpr arch::Access WithoutWrite(arch::Access access) {
  return access & (arch::Access::kRead | arch::Access::kExecute);
}

// Brings a page's mapping in line with its region. A private page that was not writable does not become so at once: its
// frame may be shared with a file, with the zero frame, or since a fork, and the write fault finds that out.
constexpr void ApplyProtection(arch::PageMapping& mapping, arch::Access region_access, Sharing sharing) {
  const arch::Access allowed = EffectiveAccess(region_access);
  const bool was_writable = arch::Allows(mapping.access, arch::Access::kWrite);
  mapping.access = allowed;
  if (sharing == Sharing::kShared || was_writable || !arch::Allows(allowed, arch::Access::kWrite)) return;
  mapping.access = WithoutWrite(allowed);
  mapping.copy_on_write = true;
}

}  // namespace esc::mm

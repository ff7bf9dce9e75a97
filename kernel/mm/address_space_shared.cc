#include "kernel/mm/address_space.h"

namespace esc::mm {

Result<PhysAddr> AddressSpace::SharedAddress(VirtAddr address) {
  const SpinLockGuard guard(lock_);
  const Region* region = regions_.Find(address);
  if (region == nullptr || region->sharing != Sharing::kShared) return Status::kNotFound;
  const std::optional<arch::PageMapping> mapping = arch::LookupPage(root_, address.PageDown());
  if (!mapping) return Status::kNotFound;
  return AddressOf(mapping->frame) + address.PageOffset();
}

}  // namespace esc::mm

#include "kernel/linux_abi/state.h"

#include <cstddef>
#include <new>

#include "kernel/base/check.h"

namespace esc::linux_abi {
namespace {
// Made at run time: its lists point to themselves, which no constant initialiser of a kernel image does.
alignas(State) constinit std::byte storage[sizeof(State)]{};
constinit State* made = nullptr;
}  // namespace

State& MakeState() {
  made = new (storage) State();
  return *made;
}

State& GlobalState() {
  ESC_DCHECK(made != nullptr);
  return *made;
}

}  // namespace esc::linux_abi

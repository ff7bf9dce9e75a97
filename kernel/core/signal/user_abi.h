// The registered user ABI. Core's own.
#pragma once

#include "kernel/core/user_abi.h"

namespace esc::core {

UserAbi* RegisteredUserAbi();  // nullptr when there is none

}  // namespace esc::core

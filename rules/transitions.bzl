"""The platforms that rules build their parts for, whatever the platform of the build is.

Only the platform is set. Whatever else the top level sets stays as it is there, since Bazel names output folders by what differs
from the top level: a kernel for `bazel test`, which sets sanitizers for host code, has the same actions and the same output as
one for `bazel build`, and is built once.
"""

_PLATFORMS = "//command_line_option:platforms"

def _platform_transition(platform):
    return transition(
        implementation = lambda _settings, _attr: {_PLATFORMS: [str(platform)]},
        inputs = [],
        outputs = [_PLATFORMS],
    )

kernel_transition = _platform_transition(Label("//platforms:x86_64_kernel"))
user_program_transition = _platform_transition(Label("//platforms:linux_static"))

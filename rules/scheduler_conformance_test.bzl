"""scheduler_conformance_test(): holds a scheduler plugin to the contract, in virtual time, on the host."""

load(":scheduler_plugin.bzl", "scheduler_plugin_table")

def scheduler_conformance_test(name, plugin, size = "medium", **kwargs):
    """Runs the conformance kit over one plugin; no kernel is booted.

    Args:
      name: of the test.
      plugin: scheduler_plugin() target.
      size: of the test.
      **kwargs: as of cc_test.
    """
    scheduler_plugin_table(
        name = name + "_table",
        schedulers = [plugin],
        testonly = True,
        tags = ["manual"],
        visibility = ["//visibility:private"],
    )
    native.cc_test(
        name = name,
        size = size,
        srcs = [name + "_table"],
        deps = [
            plugin,
            Label("//kernel/core/sched_api:descriptor"),
            Label("//tests/conformance:conformance_main"),
        ],
        **kwargs
    )

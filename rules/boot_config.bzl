"""boot_config(): a boot config from its text form, checked at build time as the kernel would check it.

    boot_config(
        name = "my_config",
        src = "my_config.textproto",
        schedulers = ["@escapement//kernel/sched_plugins/mlfq", ":my_scheduler"],
    )

The kernel's decoder is linked with those very plugins into a host tool, so an unknown plugin, a parameter outside its
range or a CPU in two partitions fail the build with the message that the kernel would have printed.
"""

load(":embedded_file.bzl", "EMBED_ATTRS", "embed_file")
load(":providers.bzl", "BootConfigInfo", "SchedulerPluginInfo")
load(":scheduler_plugin.bzl", "scheduler_plugin_table")

def _descriptor_sets_impl(ctx):
    sets = depset(transitive = [target[SchedulerPluginInfo].descriptor_sets for target in ctx.attr.schedulers])
    merged = ctx.actions.declare_file(ctx.label.name + ".binpb")
    object_file = ctx.actions.declare_file(ctx.label.name + ".o")

    # Messages of one type, one behind the other, are one message.
    arguments = ctx.actions.args()
    arguments.add(merged)
    arguments.add_all(sets)
    ctx.actions.run_shell(
        command = 'output=$1; shift; cat /dev/null "$@" > "$output"',
        arguments = [arguments],
        inputs = sets,
        outputs = [merged],
        mnemonic = "MergeDescriptorSets",
        progress_message = "Merging descriptor sets of %{label}",
    )
    embed_file(ctx, merged, object_file, "esc_descriptor_sets")
    return [DefaultInfo(files = depset([object_file]))]

_descriptor_sets = rule(
    implementation = _descriptor_sets_impl,
    attrs = dict(EMBED_ATTRS, schedulers = attr.label_list(providers = [SchedulerPluginInfo])),
    doc = "An object file with the protos of some plugins, for tools/boot_config/embedded.h.",
)

def boot_config_compiler(name, schedulers, visibility = None, tags = []):
    """The boot_config tool for a set of plugins: check, encode, decode, list-plugins.

    Args:
      name: of the binary.
      schedulers: scheduler_plugin() targets.
      visibility: of the binary.
      tags: of the binary.
    """
    scheduler_plugin_table(
        name = name + "_plugins",
        schedulers = schedulers,
        tags = ["manual"],
        visibility = ["//visibility:private"],
    )
    _descriptor_sets(
        name = name + "_descriptor_sets",
        schedulers = schedulers,
        tags = ["manual"],
        visibility = ["//visibility:private"],
    )
    native.cc_binary(
        name = name,
        srcs = [name + "_plugins", name + "_descriptor_sets"],
        tags = tags,
        target_compatible_with = ["@platforms//os:linux"],
        visibility = visibility,
        deps = schedulers + [
            Label("//kernel/core/sched_api:descriptor"),
            Label("//tools/boot_config:main"),
        ],
    )

def _boot_config_impl(ctx):
    names = [target[SchedulerPluginInfo].name for target in ctx.attr.schedulers]
    binary = ctx.actions.declare_file(ctx.label.name + ".binpb")
    arguments = ctx.actions.args()
    arguments.add("encode")
    arguments.add(ctx.file.src)
    arguments.add("--output", binary)
    arguments.add_joined("--schedulers", names, join_with = ",")
    ctx.actions.run(
        executable = ctx.executable.compiler,
        arguments = [arguments],
        inputs = [ctx.file.src],
        outputs = [binary],
        mnemonic = "BootConfig",
        progress_message = "Checking boot config %{label}",
    )
    return [
        DefaultInfo(files = depset([binary])),
        BootConfigInfo(binary = binary, text = ctx.file.src, schedulers = tuple(names)),
    ]

_boot_config = rule(
    implementation = _boot_config_impl,
    attrs = {
        "src": attr.label(allow_single_file = [".textproto"], mandatory = True),
        "schedulers": attr.label_list(providers = [SchedulerPluginInfo], mandatory = True, allow_empty = False),
        "compiler": attr.label(executable = True, cfg = "exec", mandatory = True),
    },
    provides = [BootConfigInfo],
    doc = "A boot config, checked and in binary form.",
)

def boot_config(name, src, schedulers, compiler = None, visibility = None, tags = []):
    """A boot config in binary form, NAME.binpb.

    Args:
      name: of the target.
      src: the text form; kernel/core/boot_config/boot_config.proto documents it.
      schedulers: scheduler_plugin() targets: all that the config names. An image that boots with it must have them.
      compiler: boot_config_compiler() that has all of these, to share one among several configs; its own when absent.
      visibility: of the target.
      tags: of the target.
    """
    if not compiler:
        compiler = name + "_compiler"
        boot_config_compiler(
            name = compiler,
            schedulers = schedulers,
            tags = ["manual"],
            visibility = ["//visibility:private"],
        )
    _boot_config(
        name = name,
        src = src,
        schedulers = schedulers,
        compiler = compiler,
        tags = tags,
        visibility = visibility,
    )

"""tiny_image(): the tiny guest as qemu_test() takes an image."""

load("//rules:providers.bzl", "KernelImageInfo")
load("//rules:transitions.bzl", "kernel_transition")

def _tiny_image_impl(ctx):
    elf = ctx.actions.declare_file(ctx.label.name + ".elf")
    ctx.actions.symlink(output = elf, target_file = ctx.executable.guest)
    return [
        DefaultInfo(files = depset([elf])),
        KernelImageInfo(
            elf = elf,
            elf_stripped = elf,
            iso = None,
            boot_config = ctx.file.boot_config,
            default_config = None,
            initramfs = ctx.file.initramfs,
            schedulers = (),
            cmdline = ctx.attr.cmdline,
        ),
    ]

tiny_image = rule(
    implementation = _tiny_image_impl,
    attrs = {
        "guest": attr.label(cfg = kernel_transition, executable = True, mandatory = True),
        "boot_config": attr.label(allow_single_file = True, mandatory = True),
        "initramfs": attr.label(allow_single_file = True, mandatory = True),
        "cmdline": attr.string(),
        "_allowlist_function_transition": attr.label(default = "@bazel_tools//tools/allowlists/function_transition_allowlist"),
    },
)

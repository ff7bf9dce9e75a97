"""bare_image(): a kernel ELF that is an architecture and a KernelMain, with nothing else, for qemu_test()."""

load("//rules:finished_elf.bzl", "FINISH_ATTRS", "finish_elf")
load("//rules:providers.bzl", "KernelImageInfo")
load("//rules:transitions.bzl", "kernel_transition")

def _bare_image_impl(ctx):
    linked = ctx.attr.binary[0][DefaultInfo].files_to_run.executable
    elf, stripped = finish_elf(ctx, linked, ctx.label.name)
    return [
        DefaultInfo(files = depset([elf])),
        KernelImageInfo(
            elf = elf,
            elf_stripped = stripped,
            iso = None,
            boot_config = None,
            default_config = None,
            initramfs = None,
            schedulers = (),
            cmdline = "console=ttyS0",
        ),
    ]

bare_image = rule(
    implementation = _bare_image_impl,
    attrs = dict(
        FINISH_ATTRS,
        binary = attr.label(cfg = kernel_transition, mandatory = True, providers = [CcInfo]),
        _allowlist_function_transition = attr.label(default = "@bazel_tools//tools/allowlists/function_transition_allowlist"),
    ),
    doc = "The binary, built for the kernel's platform, with its function table.",
)

"""debug_image(): an image whose kernel is compiled with the checks of ESC_DEBUG, for qemu_test()."""

load("//rules:providers.bzl", "KernelImageInfo")
load("//rules:transitions.bzl", "debug_kernel_transition")

def _debug_image_impl(ctx):
    image = ctx.attr.image[KernelImageInfo]
    elf = ctx.attr.elf[0][KernelImageInfo]
    return [
        DefaultInfo(files = depset([elf.elf])),
        KernelImageInfo(
            elf = elf.elf,
            elf_stripped = elf.elf_stripped,
            iso = None,
            boot_config = image.boot_config,
            default_config = elf.default_config,
            initramfs = image.initramfs,
            schedulers = elf.schedulers,
            cmdline = image.cmdline,
        ),
    ]

debug_image = rule(
    implementation = _debug_image_impl,
    attrs = {
        "image": attr.label(mandatory = True, providers = [KernelImageInfo]),
        "elf": attr.label(cfg = debug_kernel_transition, mandatory = True, providers = [KernelImageInfo]),
        "_allowlist_function_transition": attr.label(default = "@bazel_tools//tools/allowlists/function_transition_allowlist"),
    },
    doc = "`image`, but for its kernel: that is `elf`, built anew for debugging. Nothing else is built twice.",
)

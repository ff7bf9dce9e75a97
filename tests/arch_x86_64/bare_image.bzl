"""bare_image(): a kernel ELF that is an architecture and a KernelMain, with nothing else, for qemu_test()."""

load("//rules:providers.bzl", "KernelImageInfo")

def _kernel_transition_impl(_settings, _attr):
    return {"//command_line_option:platforms": [str(Label("//platforms:x86_64_kernel"))], "//command_line_option:features": []}

_kernel_transition = transition(
    implementation = _kernel_transition_impl,
    inputs = [],
    outputs = ["//command_line_option:platforms", "//command_line_option:features"],
)

def _bare_image_impl(ctx):
    linked = ctx.attr.binary[0][DefaultInfo].files_to_run.executable
    elf = ctx.actions.declare_file(ctx.label.name + ".elf")
    stripped = ctx.actions.declare_file(ctx.label.name + ".stripped.elf")
    ctx.actions.run(
        executable = ctx.executable._write_symbols,
        arguments = [linked.path, elf.path],
        inputs = [linked],
        outputs = [elf],
        mnemonic = "KernelSymbols",
    )
    ctx.actions.run(
        executable = ctx.executable._strip,
        arguments = ["--strip-all", "-o", stripped.path, elf.path],
        inputs = [elf],
        outputs = [stripped],
        mnemonic = "StripKernel",
    )
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
    attrs = {
        "binary": attr.label(cfg = _kernel_transition, mandatory = True, providers = [CcInfo]),
        "_strip": attr.label(default = Label("@escapement_llvm//:llvm-strip"), executable = True, cfg = "exec"),
        "_write_symbols": attr.label(default = Label("//tools/symbols:write_symbols"), executable = True, cfg = "exec"),
        "_allowlist_function_transition": attr.label(default = "@bazel_tools//tools/allowlists/function_transition_allowlist"),
    },
    doc = "The binary, built for the kernel's platform, with its function table.",
)

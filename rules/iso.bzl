"""How rules write an ISO: shared by kernel_image() and qemu_test()."""

_PROGRAMS = {
    "write_iso": Label("//tools/iso:write_iso"),
    "grub_mkimage": Label("@grub//:grub-mkimage"),
    "xorriso": Label("@xorriso//:xorriso"),
    "mformat": Label("@mtools//:mformat"),
    "mmd": Label("@mtools//:mmd"),
    "mcopy": Label("@mtools//:mcopy"),
}

_MODULES = {
    "grub_i386_pc": Label("@grub//:i386-pc"),
    "grub_x86_64_efi": Label("@grub//:x86_64-efi"),
}

# Attributes of a rule that calls write_iso().
ISO_ATTRS = dict(
    {"_" + name: attr.label(default = label, executable = True, cfg = "exec") for name, label in _PROGRAMS.items()},
    **{"_" + name: attr.label(default = label, allow_single_file = True, cfg = "exec") for name, label in _MODULES.items()}
)

def write_iso(ctx, output, kernel, boot_config, initramfs, cmdline):
    """Declares the action that writes `output`.

    Args:
      ctx: of a rule with ISO_ATTRS.
      output: File.
      kernel: File.
      boot_config: File or None.
      initramfs: File or None.
      cmdline: string.
    """
    arguments = ctx.actions.args()
    arguments.add(kernel, format = "--kernel=%s")
    arguments.add(output, format = "--output=%s")
    arguments.add("--cmdline=" + cmdline)
    inputs = [kernel]
    for flag, file in {"boot_config": boot_config, "initramfs": initramfs}.items():
        if file:
            arguments.add(file, format = "--" + flag + "=%s")
            inputs.append(file)
    for name in _PROGRAMS:
        if name != "write_iso":
            arguments.add(getattr(ctx.executable, "_" + name), format = "--" + name + "=%s")
    for name in _MODULES:
        folder = getattr(ctx.file, "_" + name)
        arguments.add("--%s=%s" % (name, folder.path))
        inputs.append(folder)
    ctx.actions.run(
        executable = ctx.executable._write_iso,
        arguments = [arguments],
        inputs = inputs,
        tools = [getattr(ctx.attr, "_" + name)[DefaultInfo].files_to_run for name in _PROGRAMS if name != "write_iso"],
        outputs = [output],
        mnemonic = "WriteIso",
        progress_message = "Writing %{output}",
    )

"""finish_elf(): the last steps from a linked kernel to the files that boot."""

FINISH_ATTRS = {
    "_strip": attr.label(default = Label("@escapement_llvm//:llvm-strip"), executable = True, cfg = "exec"),
    "_write_symbols": attr.label(default = Label("//tools/symbols:write_symbols"), executable = True, cfg = "exec"),
}

def finish_elf(ctx, linked, name):
    """Writes the table of functions into a kernel, for its panics.

    Args:
      ctx: of a rule whose attributes include FINISH_ATTRS.
      linked: the File that the linker wrote.
      name: of the files to declare, without their ends.

    Returns:
      NAME.elf, with debug information, and NAME.stripped.elf.
    """
    elf = ctx.actions.declare_file(name + ".elf")
    stripped = ctx.actions.declare_file(name + ".stripped.elf")
    ctx.actions.run(
        executable = ctx.executable._write_symbols,
        arguments = [linked.path, elf.path],
        inputs = [linked],
        outputs = [elf],
        mnemonic = "KernelSymbols",
        progress_message = "Writing the function table of %{label}",
    )
    ctx.actions.run(
        executable = ctx.executable._strip,
        arguments = ["--strip-all", "-o", stripped.path, elf.path],
        inputs = [elf],
        outputs = [stripped],
        mnemonic = "StripKernel",
        progress_message = "Stripping %{label}",
    )
    return elf, stripped

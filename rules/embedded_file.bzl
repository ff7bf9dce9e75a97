"""embed_file(): the bytes of a file as an object file, between two symbols."""

EMBED_ATTRS = {
    "_objcopy": attr.label(default = Label("@escapement_llvm//:llvm-objcopy"), executable = True, cfg = "exec"),
}

def embed_file(ctx, file, object_file, symbol):
    """Makes an object file for x86_64 that holds `file` in read-only data.

    Args:
      ctx: of a rule whose attributes include EMBED_ATTRS.
      file: the File to embed.
      object_file: the File to write.
      symbol: SYMBOL_begin and SYMBOL_end stand around the bytes.
    """

    # objcopy derives names from the path of its input; they are replaced.
    derived = "_binary_" + "".join([char if char.isalnum() else "_" for char in file.path.elems()])
    arguments = ctx.actions.args()
    arguments.add_all(["--input-target=binary", "--output-target=elf64-x86-64"])
    arguments.add("--rename-section=.data=.rodata.%s,alloc,load,readonly,data,contents" % symbol)
    arguments.add("--redefine-sym=%s_start=%s_begin" % (derived, symbol))
    arguments.add("--redefine-sym=%s_end=%s_end" % (derived, symbol))
    arguments.add("--strip-symbol=%s_size" % derived)
    arguments.add_all([file, object_file])
    ctx.actions.run(
        executable = ctx.executable._objcopy,
        arguments = [arguments],
        inputs = [file],
        outputs = [object_file],
        mnemonic = "EmbedFile",
        progress_message = "Embedding %{input}",
    )

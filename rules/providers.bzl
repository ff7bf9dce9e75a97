"""The providers that the rules of Escapement hand to each other."""

SchedulerPluginInfo = provider(
    doc = "A scheduler plugin that an image can link: what kernel_image() needs to put it into the plugin table.",
    fields = {
        "name": "The name by which a boot config chooses the plugin, e.g. `round_robin`.",
        "descriptor_symbol": "Qualified C++ name of the plugin's descriptor, e.g. `esc::sched::round_robin::kPlugin`.",
        "header": "Header that declares the descriptor, as #include spells it from the repository's root.",
        "param_proto_types": "Tuple of the full names of the plugin's parameter messages; empty when it has no parameters.",
        "proto_sources": "Depset of Files: the .proto files that define those messages, with their imports.",
        "limits": "File that states the plugin's capabilities and the ranges of its parameters for the boot config compiler, or None.",
    },
)

BootConfigInfo = provider(
    doc = "A boot config that was validated at build time.",
    fields = {
        "binary": "File: the config as binary protobuf, as the kernel reads it.",
        "text": "File: the same config as text.",
        "schedulers": "Tuple of the names of the plugins that the config refers to.",
    },
)

InitramfsInfo = provider(
    doc = "An initramfs.",
    fields = {
        "archive": "File: the cpio (newc) archive.",
    },
)

KernelImageInfo = provider(
    doc = "A kernel with all that is needed to boot it, directly or from an ISO.",
    fields = {
        "elf": "File: the kernel with debug information.",
        "elf_stripped": "File: the same kernel without it; what is booted.",
        "iso": "File: the hybrid ISO.",
        "boot_config": "File: the binary boot config that the image is run with.",
        "default_config": "File: the binary boot config that is built into the ELF.",
        "initramfs": "File: the initramfs that the image is run with, or None.",
        "schedulers": "Tuple of the names of the plugins that are linked in.",
        "cmdline": "String: the kernel command line that the image is run with.",
    },
)

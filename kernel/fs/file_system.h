// The file tree as a whole: built once at boot.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "kernel/base/format.h"
#include "kernel/base/function_ref.h"
#include "kernel/base/status.h"
#include "kernel/fs/node.h"
#include "kernel/fs/paths.h"
#include "kernel/mm/ref_ptr.h"

namespace esc::fs {

// An empty root with /dev (console, tty, ttyS0, null, zero, full, random, urandom, and links to one's own descriptors: fd,
// stdin, stdout, stderr), /proc and /tmp. kNoMemory.
Result<mm::RefPtr<Node>> MakeRoot();

// Unpacks the cpio archives (newc, one after another, as Linux takes them) into `root`. On an error `message` names
// the entry and the trouble; kNotSupported for what is not cpio, kTruncated, kCorrupt. Contents are copied.
Status UnpackInitramfs(std::span<const std::byte> archive, mm::RefPtr<Node> root, TextBuffer& message);

// The bytes of one plain file in an archive that is not unpacked yet (the boot config on the direct boot path);
// kNotFound.
Result<std::span<const std::byte>> FindInArchive(std::span<const std::byte> archive, std::string_view path);

// A file of /proc/escapement (and others that layers above fs add): `write` fills the text when it is read.
// `path` is below /proc, e.g. "escapement/stats". kNoMemory, kAlreadyExists.
Status AddProcFile(std::string_view path, void (*write)(TextBuffer& text));

// Forgets the /proc of a simulated machine that is about to go.
void ResetFileSystemForTest();

}  // namespace esc::fs

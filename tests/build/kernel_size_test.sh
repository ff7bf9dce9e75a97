#!/bin/bash
# The kernel without debug information stays small: at most 1.5 MB.
set -euo pipefail

fail() { echo "FAILED: $*" >&2; exit 1; }

readonly limit=1500000
header=$("$READELF" -h "$KERNEL")
[[ $header == *'EXEC (Executable file)'* ]] || fail "not a kernel: $header"
sections=$("$READELF" -S --wide "$KERNEL")
[[ $sections == *.text* && $sections != *.debug_* ]] || fail "not a stripped kernel: $sections"
bytes=$(stat --dereference --format=%s "$KERNEL")
((bytes <= limit)) || fail "the stripped kernel has $bytes bytes; at most $limit are allowed"
echo "$bytes of $limit bytes"

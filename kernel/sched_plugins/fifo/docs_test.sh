#!/bin/bash
# docs/scheduler_plugins.md shows fifo.cc: the two must be the same.
set -eu -o pipefail
sed -n '/^<!-- fifo.cc -->$/,/^```$/p' "$1" | sed '1,2d;$d' > "$TEST_TMPDIR/shown.cc"
diff "$TEST_TMPDIR/shown.cc" "$2"
echo "$(wc -l < "$2") lines, the same"

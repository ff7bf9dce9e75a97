#!/bin/bash
# What the three toolchains made, looked at from outside: which compiler and linker, and what it needs to run.
set -euo pipefail

fail() { echo "FAILED: $*" >&2; exit 1; }

made_by_the_locked_tools() {
  local comment
  comment=$("$READELF" -p .comment "$1")
  [[ $comment == *'clang version 19.1.7'* && $comment == *'LLD 19.1.7'* ]] || fail "$1 was made by others: $comment"
}

needs_nothing() {
  local segments
  segments=$("$READELF" -l --wide "$1")
  [[ $segments == *LOAD* ]] || fail "$1 has no segments"
  [[ $segments != *INTERP* && $segments != *DYNAMIC* ]] || fail "$1 needs a dynamic loader"
}

holds_no_path_of_this_machine() {
  ! grep -aqE '/(home|root|execroot|sandbox)/' "$1" || fail "$1 holds a path: $(grep -aoE '/(home|root|execroot|sandbox)/[ -~]*' "$1" | head -n 3)"
}

for binary in "$HOST_TOOL" "$HELLO" "$HELLO_CC"; do
  made_by_the_locked_tools "$binary"
  needs_nothing "$binary"
  holds_no_path_of_this_machine "$binary"
  output=$("$binary")
  [[ $output == hello* ]] || fail "$binary printed '$output'"
done

needs_nothing "$IMAGE"
holds_no_path_of_this_machine "$IMAGE"
header=$("$READELF" -h "$IMAGE")
[[ $header == *'EXEC (Executable file)'* && $header == *'X86-64'* && $header == *'0xFFFFFFFF801'* ]] || fail "the image is: $header"
code=$("$OBJDUMP" -d "$IMAGE")
[[ $code == *'<Entry>:'* ]] || fail 'the image has no code'
! grep -qE '%(x|y|z)mm|%st\(|%mm[0-7]' <<< "$code" || fail "the image uses registers that the kernel does not save"
! grep -qE '%fs:|%gs:' <<< "$code" || fail "the image uses thread-local storage, as for the guard of the stack"
sections=$("$READELF" -S --wide "$IMAGE")
[[ $sections == *.debug_line* ]] || fail 'the image has no line numbers'

#!/bin/bash
# console_test.sh RUN_QEMU QEMU KERNEL INITRD: somebody types at the prompt, and waits for each answer before the next line.
set -u
run_qemu=$1 qemu=$2 kernel=$3 initrd=$4
readonly silence=120  # seconds without a character after which nothing more is to be hoped for
output='' rest=''

fail() {
  printf 'FAILED: %s; the console:\n%s\n' "$1" "$output"
  kill "$machine" 2> /dev/null
  exit 1
}

# Reads on to TEXT, which must come after all that was waited for before.
await() {
  local char
  until [[ $rest == *"$1"* ]]; do
    IFS= read -r -d '' -N 1 -t "$silence" char <&"${console[0]}" || fail "never came: $1"
    output+=$char rest+=$char
  done
  rest=${rest#*"$1"}
}

type_keys() { printf "$1" >&"${console[1]}"; }

coproc console {
  exec "$run_qemu" --qemu="$qemu" --kernel="$kernel" --initrd="$initrd" --image_cmdline=console=ttyS0 --init=/bin/sh \
    --interactive -- -i 2>&1
}
machine=$console_PID

await '# '
type_keys 'echo h""i\r'
await $'hi\r\n'
await '# '
type_keys 'echo wrongg\177\177\177\177\177\177ri""ght\r'
await $'right\r\n'
await '# '

# The line discipline of the kernel erases too, for a program that does not edit by itself.
type_keys 'echo re""ady; cat\r'
await $'ready\r\n'
type_keys 'abcd\177\177xy\r'
await $'abxy\r\n'
type_keys '\004'
await '# '

type_keys 'echo re""ady; sleep 100000; echo "status $?"\r'
await $'ready\r\n'
type_keys '\003'
await '# '
type_keys 'echo "then $?"\r'
await $'then 130\r\n'
await '# '
type_keys 'exit 9\r'
await 'init exited with status 9'
wait "$machine"
status=$?
[[ $status -eq 9 ]] || fail "the exit code is $status, not 9"
[[ $output != *'status '[0-9]*then* ]] || fail 'Ctrl-C did not end the list of commands'
echo 'all that was typed had its effect'

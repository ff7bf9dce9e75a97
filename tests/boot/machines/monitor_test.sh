#!/bin/bash
# monitor_test.sh RUN_QEMU QEMU KERNEL INITRD: NMIs and a machine check, which QEMU's monitor raises, while user code runs.
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
    IFS= read -r -d '' -N 1 -t "$silence" char <&"$from" || fail "never came: $1"
    output+=$char rest+=$char
  done
  rest=${rest#*"$1"}
}

type_keys() { printf "$1" >&"$to"; }

coproc console {
  exec "$run_qemu" --qemu="$qemu" --kernel="$kernel" --initrd="$initrd" --image_cmdline=console=ttyS0 --init=/bin/sh \
    --interactive -- -i 2>&1
}
machine=$console_PID
# Of its own, since the shell closes those of a coprocess that has ended before all is read.
exec {from}<&"${console[0]}" {to}>&"${console[1]}"

await '# '
type_keys 'echo bu""sy; while :; do :; done\r'
await $'busy\r\n'
# Ctrl-A C goes to the monitor and back.
type_keys '\001c'
await '(qemu)'
for _ in 1 2 3; do
  type_keys 'nmi\r'
  await 'non-maskable interrupt on CPU 0, ignored'
done
# An uncorrected error of bank 1, with its address: SDM vol. 3B, 15.3.2.2.
type_keys 'mce 0 1 0xbd00000000000134 0x4 0x12345000 0x8c\r'
await 'panic: machine check: bank 1, status bd00000000000134, address 12345000'
await 'backtrace:'
wait "$machine"
status=$?
[[ $status -eq 127 ]] || fail "the exit code is $status, not 127"
echo 'three NMIs were survived, and the machine check was told'

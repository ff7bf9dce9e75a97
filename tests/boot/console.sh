# Sourced with RUN_QEMU QEMU KERNEL INITRD as arguments: boots to a shell on a console that somebody types at, and gives await,
# type_keys and fail. `machine` is the process to wait for.
set -u
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
  exec "$1" --qemu="$2" --kernel="$3" --initrd="$4" --image_cmdline=console=ttyS0 --init=/bin/sh --interactive -- -i 2>&1
}
machine=$console_PID
# Of its own, since the shell closes those of a coprocess that has ended before all is read.
exec {from}<&"${console[0]}" {to}>&"${console[1]}"

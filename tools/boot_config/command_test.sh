#!/bin/bash
# The boot_config program from outside: what it writes, what it prints, how it exits.
set -eu -o pipefail
tool=$PWD/$1
cd "$TEST_TMPDIR"
failures=0

# expect STATUS PATTERN ARGUMENT...: the exit status, and a line of output or errors; no output when PATTERN is empty.
expect() {
  local status=$1 pattern=$2 got=0
  shift 2
  "$tool" "$@" > out.txt 2>&1 || got=$?
  [[ -s out.txt ]] || echo nothing > out.txt
  if [[ $got -ne $status ]] || ! grep -q -e "${pattern:-^nothing$}" out.txt; then
    echo "boot_config $*: exit $got instead of $status, or no line like: $pattern"
    cat out.txt
    failures=$((failures + 1))
  fi
}

cat > good.textproto <<'TEXT'
# a comment
version: 1
partitions {
  name: "main"
  layers {
    plugin: "mlfq"
    parameters { [type.googleapis.com/escapement.sched.MlfqParameters] { levels: 3 base_slice_us: 2000 } }
  }
}
TEXT

expect 0 '' check good.textproto
expect 0 '' encode good.textproto --output=good.binpb
[[ -s good.binpb ]]
expect 0 'base_slice_us: 2000' decode good.binpb
"$tool" decode good.binpb > again.textproto
"$tool" encode again.textproto > again.binpb
cmp good.binpb again.binpb
expect 0 'levels  *2 to 8 levels; default 4' list-plugins
expect 0 '^round_robin ' list-plugins
expect 0 'boot_config check' --help
expect 2 "Unknown command line flag 'nosuch'" --nosuch

sed 's/"mlfq"/"mlqf"/' good.textproto > plugin.textproto
expect 1 'plugin.textproto: scheduler partition "main": unknown plugin "mlqf"; linked: fifo, mlfq, priority' \
  check plugin.textproto
sed 's/levels: 3/levels: 9/' good.textproto > range.textproto
expect 1 'range.textproto: scheduler partition "main": plugin "mlfq": levels is 9; 2 to 8 levels' check range.textproto
sed 's/levels: 3/levles: 3/' good.textproto > field.textproto
expect 1 'field.textproto:7:.*no field named "levles"' check field.textproto
sed 's/MlfqParameters/RoundRobinParameters/; s/levels.*2000/slice_us: 200/' good.textproto > message.textproto
expect 1 'parameters are a "escapement.sched.RoundRobinParameters"; plugin "mlfq" takes' check message.textproto
sed 's/MlfqParameters/NobodysParameters/' good.textproto > nobody.textproto
expect 1 'nobody.textproto:7:.*NobodysParameters.* Known: escapement.sched.' check nobody.textproto

# Only the plugins that are asked for.
expect 1 'unknown plugin "mlfq"; linked: fifo, priority' check good.textproto --schedulers=fifo,priority
expect 2 'no plugin "nobody"; linked: fifo, mlfq' check good.textproto --schedulers=nobody

# Nothing is written when anything is wrong, and what was there stays.
echo before > kept.binpb
expect 1 'levels is 9' encode range.textproto --output=kept.binpb
[[ $(cat kept.binpb) == before ]]
expect 1 'nowhere/out.binpb' encode good.textproto --output=nowhere/out.binpb
[[ $(ls | grep -c binpb) -eq 3 ]]

head -c 20 good.binpb > short.binpb
expect 1 'short.binpb: boot config: its 20 bytes do not end in a checksum' decode short.binpb
expect 1 'missing.textproto' check missing.textproto
expect 2 'no command'
expect 2 'unknown command "chekc"' chekc good.textproto
expect 2 'check takes one file' check
expect 2 'list-plugins takes no file' list-plugins good.textproto

[[ $failures -eq 0 ]]
echo "all as expected"

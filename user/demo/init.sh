#!/bin/sh
# The demo: what a first user process does on Escapement. Debian's busybox runs it, unmodified.
# Arguments come from the kernel command line after "--": "shell" gives a prompt instead.
export PATH=/bin HOME=/ TERM=linux PS1='escapement# '

if [ "$1" = shell ]; then
  echo "Type 'exit' to power off."
  exec sh -i
fi

step() { echo; echo "== $*"; }

step "the system"
uname -a
ls -l /

step "a pipeline"
cat /etc/words | sort | uniq -c | sort -rn | head -n 3

# A worker computes long enough to be preempted, then reads from /proc what the scheduler gave it.
worker() {
  awk -v name="$1" -v rounds="$2" 'BEGIN {
    for (i = 1; i <= rounds; i++) { x = (x * 1103515245 + 12345) % 2147483648; s += x % 7 }
    while ((getline line < "/proc/self/status") > 0) {
      split(line, field, /:[ \t]*/); value[field[1]] = field[2]
    }
    printf "%-8s %5d %9.1f %9.1f %9.1f %9d %11d\n", name, value["Pid"], value["user_ns"] / 1e6, value["system_ns"] / 1e6,
           value["wait_ns"] / 1e6, value["voluntary_ctxt_switches"], value["nonvoluntary_ctxt_switches"]
  }' >> /tmp/given
}

step "three jobs at once, then wait"
worker long 120000 & worker short 40000 & worker nice 40000 &
renice -n 10 -p $!
ps
wait
echo "all jobs have ended"

step "the scheduler"
cat /proc/escapement/scheduler

step "its counters"
cat /proc/escapement/stats

step "what each job was given"
printf "%-8s %5s %9s %9s %9s %9s %11s\n" job pid user_ms system_ms wait_ms voluntary involuntary
cat /tmp/given

step "power off"
exit 0

#!/bin/bash
# Judges each edge of the build graph by arrows.txt, and proves on a crooked house that it would see a wrong one.
set -euo pipefail

fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }

# Prints a line for each wrong edge of a graph, as `bazel query --output=graph` writes it, and for each layer without edges.
# The labels of the house begin with the prefix.
judge() {
  local graph=$1 prefix=$2
  awk -v prefix="$prefix" '
    FNR == NR {
      if ($0 ~ /^#/ || NF == 0) next
      layers[$1] = 1
      for (i = 2; i <= NF; i++) allowed[$1, $i] = 1
      next
    }
    # The layer of a label, "" for what belongs to none. Each plugin is a layer of its own.
    function layer(label,   path) {
      if (index(label, prefix) != 1) return ""
      path = substr(label, length(prefix) + 1)
      sub(/:.*/, "", path)
      for (; path != ""; path = path ~ /\// ? substr(path, 1, match(path, /\/[^\/]*$/) - 1) : "") {
        if (path in layers) return path
        if (path ~ /^kernel\/sched_plugins\/[^\/]*$/) return path
      }
      return ""
    }
    function kind(of) { return of ~ /^kernel\/sched_plugins\// ? "kernel/sched_plugins/*" : of }
    match($0, /^ *"[^"]*" -> "[^"]*"/) {
      split($0, part, "\"")
      from = layer(part[2]); to = layer(part[4])
      seen[kind(from)] = seen[kind(to)] = 1
      if (index(part[4], prefix "kernel:") == 1) next  # a package group: who may see a file
      # What belongs to no layer (the image rules, host tools) is not to be a way round them.
      if (from != "" && to == "" && index(part[4], prefix) == 1) print "wrong: " part[2] " -> " part[4]
      if (from != "" && to != "" && from != to && !((kind(from), kind(to)) in allowed)) print "wrong: " part[2] " -> " part[4]
      if (from == "" && (to == "kernel/linux_abi" || to == "kernel/arch_x86_64")) print "wrong: " part[2] " -> " part[4]
    }
    END { for (name in layers) if (!(name in seen)) print "not seen: " name }' "$ARROWS" "$graph" | sort
}

# What a judge of the crooked house must say, neither more nor less.
expected() {
  local h='//tests/build/arrows/crooked_house/'
  local edge
  for edge in \
    "${h}kernel/arch_api:arch_api -> ${h}kernel/mm:mm" \
    "${h}kernel/arch_x86_64:arch_x86_64 -> ${h}kernel/core:core" \
    "${h}kernel/base:base -> ${h}kernel/arch_api:arch_api" \
    "${h}kernel/base:base -> ${h}tool:tool" \
    "${h}kernel/core/sched_api:sched_api -> ${h}kernel/core:core" \
    "${h}kernel/core:core -> ${h}kernel/fs:fs" \
    "${h}kernel/core:core -> ${h}kernel/sched_plugins/two:two" \
    "${h}kernel/fs:fs -> ${h}kernel/linux_abi:linux_abi" \
    "${h}kernel/mm:mm -> ${h}kernel/arch_x86_64:arch_x86_64" \
    "${h}kernel/sched_plugins/one:one -> ${h}kernel/mm:mm" \
    "${h}kernel/sched_plugins/one:one -> ${h}kernel/sched_plugins/two:two" \
    "${h}tool:tool -> ${h}kernel/linux_abi:linux_abi"; do
    printf 'wrong: %s\n' "$edge"
  done
  printf 'not seen: kernel/arch_host\nnot seen: platforms\n'
}

crooked=$(judge "$CROOKED_GRAPH" //tests/build/arrows/crooked_house/)
diff <(expected | sort) <(printf '%s\n' "$crooked") || fail 'the crooked house was judged wrongly (< expected, > judged)'

found=$(judge "$GRAPH" //)
[[ -z $found ]] || fail "edges that arrows.txt does not allow, or layers that the graph does not have:"$'\n'"$found"
echo "$(grep -c -- '->' "$GRAPH") edges, none of them wrong"

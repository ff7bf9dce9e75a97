#!/bin/bash
# Assembles one .S file: the arguments are clang's own. For such a file clang has two jobs, the preprocessor and the assembler, and
# runs more than one job as programs of their own, by its plain path: without our dynamic loader and libraries. Called with one
# job at a time it does the work itself.
set -eu
clang=external/escapement_llvm/launch/clang

common=() dependencies=() source= output=
while (($# > 0)); do
  case $1 in
    -c) ;;
    -o) output=$2; shift ;;
    -MD) dependencies+=("$1") ;;
    -MF) dependencies+=("$1" "$2"); shift ;;
    *.S) source=$1 ;;
    *) common+=("$1") ;;
  esac
  shift
done

"$clang" "${common[@]}" "${dependencies[@]}" -MT "$output" -E "$source" -o "$output.s"
"$clang" "${common[@]}" -Wno-unused-command-line-argument -c -x assembler "$output.s" -o "$output"
rm -f "$output.s"

#!/bin/bash
# break_elf.sh HOW FROM TO: copies the ELF file FROM and spoils it: in each way there is one thing wrong, the rest is as it was.
# Offsets are those of Elf64_Ehdr and Elf64_Phdr (System V ABI, chapters 4 and 5).
set -eu
how=$1 from=$2 to=$3

number() { od -An -v -t "u$2" -j "$1" -N "$2" "$to" | tr -d ' '; }  # AT BYTES

# put AT BYTES VALUE, little-endian
put() {
  local at=$1 bytes=$2 value=$3 text='' i
  for ((i = 0; i < bytes; i++)); do
    text+=$(printf '\\x%02x' $((value >> (8 * i) & 255)))
  done
  printf "$text" | dd of="$to" bs=1 seek="$at" conv=notrunc status=none
}

# Offset of the program header of the first segment that is to be loaded (PT_LOAD, 1).
first_segment() {
  local at count i
  at=$(number 32 8) count=$(number 56 2)
  for ((i = 0; i < count; i++, at += 56)); do
    if [[ $(number "$at" 4) == 1 ]]; then
      echo "$at"
      return
    fi
  done
  echo "break_elf.sh: $from has no segment to load" >&2
  exit 1
}

cp "$from" "$to"
chmod u+w "$to"
case $how in
  truncated) truncate -s 3000 "$to" ;;
  header) truncate -s 40 "$to" ;;
  machine) put 18 2 183 ;;                              # e_machine: AArch64
  class) put 4 1 1 ;;                                   # EI_CLASS: 32 bits
  entry) put 24 8 4096 ;;                               # e_entry
  wrapping) put $(($(first_segment) + 40)) 8 -1 ;;      # p_memsz
  outside) put $(($(first_segment) + 40)) 8 $((1 << 60)) ;;
  overlapping) put $(($(first_segment) + 40)) 8 $((1 << 30)) ;;
  headers) put 32 8 $((1 << 40)) ;;                     # e_phoff
  *) echo "break_elf.sh: no such way: $how" >&2; exit 1 ;;
esac

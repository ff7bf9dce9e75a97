#!/bin/bash
# Lays a repository's locked packages out as one tree: fetched (unless the cache has them), verified, unpacked, mended.
# Called by debian.bzl; the same lock always gives the same tree.
set -euo pipefail
umask 022
export LC_ALL=C

usage() {
  echo "usage: unpack.sh --lock FILE --out DIR [--cache DIR] [--exclude TAR_PATTERN]..." >&2
  exit 2
}

lock='' out='' exclude=()
cache=${ESCAPEMENT_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp/escapement-$UID}/.cache}/escapement}/packages
while (($#)); do
  case $1 in
    --lock) lock=$2; shift ;;
    --out) out=$2; shift ;;
    --cache) cache=$2; shift ;;
    --exclude) exclude+=("--exclude=$2"); shift ;;
    *) usage ;;
  esac
  shift
done
[[ -r $lock && -n $out ]] || usage
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "$cache" "$out"

release=$(sed -n 's/^release //p' "$lock")
die() { echo "unpack: ${lock##*/}: $*" >&2; exit 1; }
[[ -n $release ]] || die "no 'release' line"

# Cached files are named by their SHA-256 and only ever appear whole, so their presence is their verification.
missing() {
  local name version arch sum file
  while read -r name version arch sum file; do
    [[ $name == '#'* || $name == release || -z $name ]] || [[ -e $cache/$sum ]] ||
      echo "$name $version $arch $sum${file:+ $file}"
  done < "$lock"
}

# Puts what was fetched into the cache; writes `name sum file` of each, for what the lock names otherwise.
adopt() {
  local incoming=$1 file sum
  for file in "$incoming"/*; do
    sum=$(sha256sum < "$file")
    sum=${sum%% *}
    mv "$file" "$cache/$sum"
    file=${file##*/}
    echo "${file%%_*} $sum $file" >> "$incoming.adopted"
  done
}

# orig, debian or deb: which of a package's files this is.
kind_of() {
  case $1 in
    *.orig.tar.*) echo orig ;;
    *.debian.tar.*) echo debian ;;
    *.dsc) echo dsc ;;
    *) echo deb ;;
  esac
}

# The file of a lock line: the locked one, or, when the mirror has dropped that version, what fetch.sh took in its place.
file_of() {
  local name=$1 sum=$2 substitute=$cache/$2.substitute
  if [[ -e $cache/$sum ]]; then
    echo "$cache/$sum"
  elif [[ -e $substitute ]]; then
    echo "$cache/$(< "$substitute")"
  else
    return 1
  fi
}

fetch_missing() {
  local wanted incoming option=() name version arch sum file got_name got_sum got_file
  wanted=$(missing)
  [[ -n $wanted ]] || return 0
  incoming=$(mktemp -d "$cache/incoming.XXXXXX")
  # shellcheck disable=SC2064  # the folder of now
  trap "rm -rf '$incoming' '$incoming.adopted'" EXIT
  grep -q ' source ' "$lock" && option=(--source)
  bash "$here/fetch.sh" --release "$release" --out "$incoming" "${option[@]}" <<< "$wanted" > /dev/null ||
    die "the packages could not be fetched (see above)"
  adopt "$incoming"
  # A version that the mirror has dropped comes as another one: remember which file stands for the locked one.
  while read -r name version arch sum file; do
    [[ -e $cache/$sum ]] && continue
    while read -r got_name got_sum got_file; do
      [[ $got_name == "$name" && $(kind_of "$got_file") == "$(kind_of "$file")" ]] && echo "$got_sum" > "$cache/$sum.substitute"
    done < "$incoming.adopted"
    [[ -e $cache/$sum.substitute ]] || die "package $name $version was not delivered by the package client"
  done <<< "$wanted"
}

unpack_one() {
  local archive=$1 kind=$2 file=$3
  if [[ $kind == source ]]; then
    [[ $file == *.debian.tar.* ]] && return 0
    tar -x -f "$archive" -C "$out" --strip-components=1 --no-same-owner
  else
    dpkg-deb --fsys-tarfile "$archive" |
      tar -x -C "$out" --no-same-owner --exclude='./usr/share/doc' --exclude='./usr/share/man' \
        --exclude='./usr/share/locale' --exclude='./usr/share/lintian' --exclude='./usr/share/info' "${exclude[@]}"
  fi
}

# Absolute links would lead out of the tree: make them relative; those that lead nowhere go.
mend_links() {
  local link target up
  find "$out" -type l -lname '/*' -printf '%P %l\n' | while read -r link target; do
    up=${link//[^\/]/}
    ln -sfn "${up//\//../}${target#/}" "$out/$link"
  done
  find "$out" -xtype l -delete
}

(
  flock 9  # several repositories are fetched at a time
  fetch_missing
) 9> "$cache/lock"

while read -r name version arch sum file; do
  [[ $name == '#'* || $name == release || -z $name ]] && continue
  archive=$(file_of "$name" "$sum") || die "package $name $version has vanished from $cache"
  unpack_one "$archive" "$arch" "$file" || die "package $name $version cannot be unpacked"
done < "$lock"
mend_links
find "$out" -depth -exec touch -h -d @0 {} +

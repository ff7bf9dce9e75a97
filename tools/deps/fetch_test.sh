#!/bin/bash
# Drives fetch.sh with the machine's real package client against an archive that the test makes itself, in a directory.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d "${TEST_TMPDIR:-/tmp}/fetch_test.XXXXXX")
trap 'rm -rf "$work"' EXIT
archive=$work/archive
failures=0 checks=0

check() {  # what it is about, command...
  local -r what=$1
  shift
  checks=$((checks + 1))
  if "$@"; then echo "ok: $what"; else
    echo "FAILED: $what"
    failures=$((failures + 1))
    sed 's/^/  stderr: /' "$work/stderr"
    sed 's/^/  stdout: /' "$work/stdout"
  fi
}

make_package() {  # name, version, dependencies
  local -r tree=$work/tree pool=$archive/pool
  rm -rf "$tree"
  mkdir -p "$tree/DEBIAN" "$tree/usr/share/$1" "$pool"
  echo "$2" > "$tree/usr/share/$1/version"
  printf 'Package: %s\nVersion: %s\nArchitecture: all\nMaintainer: A Test <test@localhost>\nDescription: test\n' "$1" "$2" > "$tree/DEBIAN/control"
  [[ -z ${3-} ]] || echo "Depends: $3" >> "$tree/DEBIAN/control"
  dpkg-deb --root-owner-group -b "$tree" "$pool/$1_${2/:/%3a}_all.deb" > /dev/null
}

make_source_package() {  # name, version
  local -r pool=$archive/pool
  echo "source of $1" > "$pool/$1_$2.tar.gz"
  {
    printf 'Format: 3.0 (native)\nSource: %s\nBinary: %s\nArchitecture: all\nVersion: %s\nMaintainer: A Test <test@localhost>\n' "$1" "$1" "$2"
    printf 'Checksums-Sha256:\n %s %s %s\n' "$(sum "$pool/$1_$2.tar.gz")" "$(stat -c %s "$pool/$1_$2.tar.gz")" "$1_$2.tar.gz"
    printf 'Files:\n %s %s %s\n' "$(md5sum < "$pool/$1_$2.tar.gz" | cut -d' ' -f1)" "$(stat -c %s "$pool/$1_$2.tar.gz")" "$1_$2.tar.gz"
  } > "$pool/$1_$2.dsc"
}

make_index() {  # release
  local -r dist=$archive/dists/$1
  local file
  mkdir -p "$dist/main/binary-amd64" "$dist/main/source"
  for file in "$archive"/pool/*.deb; do
    dpkg-deb -f "$file"
    printf 'Filename: pool/%s\nSize: %s\nSHA256: %s\n\n' "${file##*/}" "$(stat -c %s "$file")" "$(sum "$file")"
  done > "$dist/main/binary-amd64/Packages"
  for file in "$archive"/pool/*.dsc; do
    sed 's/^Source:/Package:/; s/^\(Checksums-Sha256:\|Files:\)$/\1/' "$file" |
      awk -v dsc="${file##*/}" -v sum="$(sum "$file")" -v size="$(stat -c %s "$file")" -v md5="$(md5sum < "$file" | cut -d' ' -f1)" '
        { print } /^Checksums-Sha256:/ { print " " sum, size, dsc } /^Files:/ { print " " md5, size, dsc }'
    printf 'Directory: pool\n\n'
  done > "$dist/main/source/Sources"
  {
    printf 'Origin: Test\nSuite: %s\nCodename: %s\nComponents: main\nArchitectures: amd64\nDate: Thu, 01 Jan 2026 00:00:00 UTC\nSHA256:\n' "$1" "$1"
    for file in main/binary-amd64/Packages main/source/Sources; do
      printf ' %s %s %s\n' "$(sum "$dist/$file")" "$(stat -c %s "$dist/$file")" "$file"
    done
  } > "$dist/Release"
}

sum() { sha256sum < "$1" | cut -d' ' -f1; }
lock_line() { echo "$1 $2 $(sum "$archive/pool/$1_${2/:/%3a}_all.deb")"; }

# Runs fetch.sh with standard input from `$1`; status, stdout and stderr are kept.
status=0
fetch() {
  local -r input=$1
  shift
  status=0
  ESCAPEMENT_APT_ETC=$work/etc bash "$here/fetch.sh" --state "$work/state" "$@" <<< "$input" > "$work/stdout" 2> "$work/stderr" || status=$?
}
said() { grep -qF -- "$1" "$work/stderr"; }
printed() { grep -qxF -- "$1" "$work/stdout"; }
is_empty() { [[ -z $(ls -A "$1" 2> /dev/null) ]]; }
forget_index() { rm -rf "$work/state"; }

mkdir -p "$work/etc/sources.list.d" "$archive/pool"
make_package alpha 1:1.0-1 beta
make_package beta 2.0~rc1
make_package gamma 3
make_source_package sigma 1.5
make_index bookworm
make_index trixie
echo "deb [trusted=yes] file:$archive bookworm main contrib" > "$work/etc/sources.list"
readonly alpha=$(lock_line alpha 1:1.0-1) beta=$(lock_line beta 2.0~rc1)
readonly zeros=$(printf '%064d' 0)

fetch "# a lock"$'\n'"release bookworm"$'\n'"$alpha"$'\n'"${beta/ 2.0~rc1 / 2.0~rc1 all }" --release bookworm --out "$work/out"
check 'fetches what a lock names' test "$status" = 0
check 'an epoch is escaped in the name of the file' test -f "$work/out/alpha_1%3a1.0-1_all.deb"
check 'a lock line with the architecture is understood' test -f "$work/out/beta_2.0~rc1_all.deb"
check 'says on standard output which file is which package' printed 'alpha 1:1.0-1 alpha_1%3a1.0-1_all.deb'
check 'leaves nothing else behind' test "$(ls -A "$work/out" | wc -l)" = 2

mv "$archive" "$archive.away"
fetch "$alpha" --release bookworm --out "$work/out"
check 'what is there and right needs no archive' test "$status" = 0
check 'and is named all the same' printed 'alpha 1:1.0-1 alpha_1%3a1.0-1_all.deb'
forget_index
fetch "$beta" --release bookworm --out "$work/none"
check 'an archive that cannot be reached is an error' test "$status" = 1
check 'which names the archive' said "$archive"
mv "$archive.away" "$archive"

echo damaged >> "$work/out/alpha_1%3a1.0-1_all.deb"
fetch "$alpha" --release bookworm --out "$work/out"
check 'a damaged file is fetched again' test "$(sum "$work/out/alpha_1%3a1.0-1_all.deb")" = "${alpha##* }"

fetch "gamma 3 $zeros"$'\n'"$beta" --release bookworm --out "$work/wrong"
check 'a wrong sum is an error' test "$status" = 1
check 'which names the file and what was expected' said "gamma_3_all.deb: expected SHA-256 $zeros, found $(sum "$archive/pool/gamma_3_all.deb")"
check 'and nothing is kept' is_empty "$work/wrong"

fetch "gamma 2 $zeros" --release bookworm --out "$work/newer"
check 'a version that is gone is replaced' test "$status:$(ls "$work/newer")" = 0:gamma_3_all.deb
check 'with a warning that names both' said 'WARNING: gamma 2 is no longer in '\''bookworm'\''; taking gamma 3 instead'
check 'and the command that renews the lock' said 'tools/deps/renew'
fetch "gamma 2 $zeros" --release bookworm --out "$work/strict" --strict
check '--strict takes no other version' test "$status" = 3
check 'and keeps nothing' is_empty "$work/strict"

fetch "delta 1 $zeros" --release bookworm --out "$work/none"
check 'an unknown package is an error that names it' said "no package 'delta' in release 'bookworm'"

fetch "$beta" --release trixie --out "$work/trixie"
check 'another release comes from the same archive' test "$status" = 0

rm "$work/etc/sources.list"
printf 'Types: deb deb-src\nURIs: file:%s\nSuites: bookworm\nComponents:\n main\n contrib\nTrusted: yes\n\nTypes: deb\nEnabled: no\nURIs: file:/nowhere\nSuites: bookworm\nComponents: main\n' "$archive" > "$work/etc/sources.list.d/debian.sources"
forget_index
fetch "$beta" --release bookworm --out "$work/deb822"
check 'entries in deb822 form are understood' test "$status" = 0
check 'and disabled ones passed over' test "$(grep -c nowhere "$work/state/bookworm/sources.list")" = 0

make_package gamma 3+security
make_index bookworm-security
sed -i 's/^Suites: bookworm$/Suites: bookworm bookworm-security/' "$work/etc/sources.list.d/debian.sources"
fetch gamma --release bookworm --resolve
check '--resolve takes the version of the release proper' printed "gamma 3 all $(sum "$archive/pool/gamma_3_all.deb")"
fetch $'alpha\n-gamma' --release bookworm --resolve
check '--resolve names a package' printed "alpha 1:1.0-1 all ${alpha##* }"
check 'and what it depends on' printed "beta 2.0~rc1 all ${beta##* }"
fetch $'alpha\n-beta' --release bookworm --resolve
check 'less what is left out' test "$(wc -l < "$work/stdout")" = 1

fetch "sigma 1.5 $(sum "$archive/pool/sigma_1.5.dsc")" --release bookworm --source --out "$work/source"
check 'a source package comes whole' test "$status:$(ls "$work/source" | paste -sd ' ')" = '0:sigma_1.5.dsc sigma_1.5.tar.gz'
fetch "sigma 1.5 source $(sum "$archive/pool/sigma_1.5.tar.gz") sigma_1.5.tar.gz" --release bookworm --source --out "$work/source2"
check 'or by the sums of its files' printed 'sigma 1.5 sigma_1.5.tar.gz'

sed -i '/^Trusted:/d' "$work/etc/sources.list.d/debian.sources"
forget_index
fetch "$beta" --release bookworm --out "$work/unsigned"
check 'where no signature can be checked, the lock vouches' test "$status:$(ls "$work/unsigned")" = '0:beta_2.0~rc1_all.deb'
check 'which it says' said 'warning: this machine'\''s keyring cannot check the signature'
fetch "gamma 2 $zeros" --release bookworm --out "$work/none"
check 'but then no other version is taken' test "$status:$(ls -A "$work/none")" = 1:
fetch gamma --release bookworm --resolve
check 'and no lock is made' test "$status:$(cat "$work/stdout")" = 1:

echo 'deb http://example.invalid/third-party ./' > "$work/etc/sources.list"
rm "$work/etc/sources.list.d/debian.sources"
forget_index
fetch "$beta" --release bookworm --out "$work/none"
check 'without a Debian archive in the configuration it says so' said 'no Debian archive'
fetch 'beta 1' --release bookworm --out "$work/none"
check 'a malformed lock is an error that shows the line' said "'beta 1"

((checks >= 34)) || { echo "only $checks checks ran"; exit 1; }
echo "$checks checks, $failures failures"
exit "$((failures > 0))"

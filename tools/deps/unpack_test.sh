#!/bin/bash
# unpack.sh with packages made here, so without network: the tree, its links, and what is refused.
set -euo pipefail

unpack=$PWD/$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "FAILED: $*" >&2; exit 1; }

# A package with a program, links (relative, absolute, into nowhere) and a manual page.
mkdir -p "$work"/package/{DEBIAN,usr/bin,usr/lib/deep,usr/share/doc/sample,opt}
printf 'Package: sample\nVersion: 1.0\nArchitecture: all\nMaintainer: nobody <n@example.org>\nDescription: x\n' > "$work/package/DEBIAN/control"
echo program > "$work/package/usr/bin/program"
ln -s /usr/bin/program "$work/package/usr/lib/deep/absolute"
ln -s ../bin/program "$work/package/usr/lib/relative"
ln -s /nowhere/at/all "$work/package/usr/lib/dangling"
echo text > "$work/package/usr/share/doc/sample/README"
echo unwanted > "$work/package/opt/unwanted"
dpkg-deb --root-owner-group -b "$work/package" "$work/sample.deb" > /dev/null
sum=$(sha256sum < "$work/sample.deb")
sum=${sum%% *}
mkdir "$work/cache"
cp "$work/sample.deb" "$work/cache/$sum"
printf '# A comment\nrelease bookworm\nsample 1.0 all %s\n' "$sum" > "$work/sample.lock"

bash "$unpack" --lock "$work/sample.lock" --cache "$work/cache" --out "$work/tree" --exclude './opt'
[[ $(< "$work/tree/usr/bin/program") == program ]] || fail 'the program is missing'
[[ $(readlink "$work/tree/usr/lib/deep/absolute") == ../../../usr/bin/program ]] || fail 'an absolute link still leads out of the tree'
[[ $(< "$work/tree/usr/lib/deep/absolute") == program ]] || fail 'the mended link leads elsewhere'
[[ $(readlink "$work/tree/usr/lib/relative") == ../bin/program ]] || fail 'a relative link was changed'
[[ ! -L $work/tree/usr/lib/dangling ]] || fail 'a link into nowhere was kept'
[[ ! -e $work/tree/usr/share/doc/sample ]] || fail 'documentation was unpacked'
[[ ! -e $work/tree/opt/unwanted ]] || fail 'an excluded folder was unpacked'
[[ $(stat -c %Y "$work/tree/usr/bin/program") == 0 ]] || fail 'times are not all the same'

bash "$unpack" --lock "$work/sample.lock" --cache "$work/cache" --out "$work/again" --exclude './opt'
diff -r --no-dereference "$work/tree" "$work/again" || fail 'the same lock gave another tree'

refused() {  # lock, what must be said
  local output
  ! output=$(bash "$unpack" --lock "$1" --cache "$work/cache" --out "$work/refused" 2>&1) || fail "$1 was accepted"
  [[ $output == *"$2"* ]] || fail "$1 was refused with: $output"
}

echo 'sample 1.0 all abc' > "$work/headless.lock"
refused "$work/headless.lock" "headless.lock: no 'release' line"
echo junk > "$work/cache/$(printf '0%.0s' {1..64})"
printf 'release bookworm\nbroken 2.0 all %s\n' "$(printf '0%.0s' {1..64})" > "$work/broken.lock"
refused "$work/broken.lock" 'package broken 2.0 cannot be unpacked'
printf 'release bookworm\nbad line\n' > "$work/bad.lock"
refused "$work/bad.lock" 'bad line'

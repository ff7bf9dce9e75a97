#!/bin/bash
# Makes the private root that ./bazelw runs Bazel in: `install.sh NEW TARGET` fills the empty directory NEW and then renames it
# to TARGET, so that TARGET is whole or is not there.
set -euo pipefail
shopt -s nullglob

readonly new=$1 target=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here fetch=$here/../deps/fetch.sh packages=$new/packages

trap 'rm -rf "$new"' EXIT
trap 'exit 130' INT TERM HUP

# Debian testing moves on. A Bazel of some new and some old packages may not even start, so when one locked package is gone all are
# resolved anew.
fetch_packages() {
  local status=0
  bash "$fetch" --release testing --out "$packages" --strict < "$here/bazel.lock" > /dev/null || status=$?
  ((status != 3)) || {
    printf '%s\n' '' 'bazelw: WARNING: Debian testing no longer has all the packages of tools/bazel/bazel.lock; taking its newest ones.' \
      'bazelw: WARNING: This Bazel is not the locked one. Renew the lock with: tools/bazel/renew' '' >&2
    bash "$here/renew" --to "$new/bazel.lock" || return 1
    bash "$fetch" --release testing --out "$packages" < "$new/bazel.lock" > /dev/null || return 1
    return 0
  }
  return "$status"
}

unpack() {
  local directory
  for directory in bin lib lib64 sbin; do
    mkdir -p "$new/root/usr/$directory"
    ln -s "usr/$directory" "$new/root/$directory"
  done
  unpack_one() {
    dpkg-deb --fsys-tarfile "$1" | tar -x -C "$2" --no-same-owner --keep-directory-symlink \
      --exclude='./usr/share/doc/*' --exclude='./usr/share/man/*' --exclude='./usr/share/locale/*' --exclude='./usr/share/info/*' \
      --exclude='./usr/share/maven-repo/*' --exclude='./usr/share/bash-completion/*' --exclude='./usr/share/lintian/*'
  }
  export -f unpack_one
  printf '%s\0' "$packages"/*.deb | xargs -0 -n 1 -P "$(nproc)" bash -c 'set -euo pipefail; unpack_one "$1" "$0"' "$new/root"
}

# What the packages' own set-up scripts would have done, as far as it matters here.
set_up() {
  local -r root=$new/root
  ln -s mawk "$root/usr/bin/awk"
  [[ ! -e $root/usr/bin/which.debianutils ]] || ln -sf which.debianutils "$root/usr/bin/which"
  mkdir -p "$root/mnt" "$root/etc" "$root/usr/local" "$root/usr/src" "$root/usr/home"
  local file
  for file in passwd group hosts resolv.conf localtime; do
    rm -f "$root/etc/$file"
    : > "$root/etc/$file"
  done
  local -a java=("$root"/usr/lib/jvm/java-[0-9][0-9]-openjdk-amd64/lib/server/libjvm.so)
  ((${#java[@]} == 1)) || { echo 'bazelw: error: the packages hold no Java run-time environment' >&2; return 1; }
  local -r javabase=${java[0]%/lib/server/libjvm.so}
  cat > "$root/etc/bazel/bazelrc.new" <<RC
# The package's own settings, less its debugging output and with our Java.
startup --install_base=/usr/share/bazel
startup --trust_install_base
startup --server_javabase=${javabase#"$root"}
RC
  grep '^common --override_module' "$root/etc/bazel/bazelrc" >> "$root/etc/bazel/bazelrc.new" || true
  mv "$root/etc/bazel/bazelrc.new" "$root/etc/bazel/bazelrc"
}

fetch_packages || exit 1
unpack
set_up
mv "$new/root" "$target"

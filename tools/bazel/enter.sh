#!/bin/bash
# Runs a program of the private package root: `enter.sh ROOT PROGRAM [ARGS...]`, called in a new mount namespace.
#
# The new file system is the package root's /usr and /etc, and everything else of the machine at its usual path: whatever
# path a user may name is there. The machine's own root stays reachable at /.escapement/host, since the machine's package
# client runs there (tools/deps/fetch.sh). pivot_root and not chroot: inside a chroot the kernel refuses user
# namespaces (user_namespaces(7)), and Bazel's linux-sandbox needs them.
set -euo pipefail
shopt -s nullglob dotglob

readonly root=$1 new=$1/mnt
shift

mount -t tmpfs -o mode=755,size=1m escapement "$new"
mkdir -p "$new/usr" "$new/etc" "$new/.escapement/host"
mount --rbind "$root/usr" "$new/usr"
mount --rbind "$root/etc" "$new/etc"

for entry in /*; do
  name=${entry#/}
  case $name in
    usr | etc | .escapement) ;;
    bin | sbin | lib | lib32 | lib64 | libx32) ln -s "usr/$name" "$new/$name" ;;
    *)
      if [[ -L $entry ]]; then
        ln -s "$(readlink "$entry")" "$new/$name"
      elif [[ -d $entry ]]; then
        mkdir "$new/$name"
        mount --rbind "$entry" "$new/$name"
      elif [[ -f $entry ]]; then
        : > "$new/$name"
        mount --bind "$entry" "$new/$name"
      fi
      ;;
  esac
done

# Who the user is, and how names resolve, is the machine's business.
for file in passwd group hosts resolv.conf localtime; do
  [[ -f /etc/$file ]] && mount --bind "/etc/$file" "$new/etc/$file"
done

# A checkout or a home below one of these is a work place, not a part of the system.
for directory in /usr/local /usr/src /usr/home; do
  for place in "$PWD" "${HOME-}" "${ESCAPEMENT_CACHE-}"; do
    if [[ -d $directory && $place == "$directory"/* && -d $new$directory ]]; then
      mount --rbind "$directory" "$new$directory"
      break
    fi
  done
done

readonly here=$PWD
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
cd "$new"
# Not every util-linux brings the command (its package was split); perl-base is essential, and 155 is SYS_pivot_root on x86_64.
if type -P pivot_root > /dev/null; then
  pivot_root . .escapement/host
else
  perl -e 'my ($new, $old) = (".", ".escapement/host"); syscall(155, $new, $old) == 0 or die "pivot_root: $!\n"'
fi
cd "$here"
exec "$@"

#!/bin/bash
# Which Bazel bazelw takes, what it hands on, what it says when it cannot, and what is visible inside its root. Without network: the
# package client is a fake, and the root is made of the /usr and /etc that are there.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d "${TEST_TMPDIR:-/tmp}/bazelw_test.XXXXXX")
trap 'rm -rf "$work"' EXIT
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

# A checkout of its own, with a folder for fake programs.
readonly checkout="$work/a check out" fakes="$work/fa kes" home=$work/home
mkdir -p "$checkout/tools/bazel" "$checkout/tools/deps" "$fakes" "$home"
for file in bazelw .bazelversion tools/bazel/bazel.lock tools/bazel/enter.sh tools/bazel/install.sh; do
  cp -L "$here/../../$file" "$checkout/$file"
done

fake() {  # name, lines of a script
  printf '#!/bin/bash\n%s\n' "$2" > "$fakes/$1"
  chmod +x "$fakes/$1"
}

status=0
run() {  # assignments and arguments of env
  status=0
  # The system's programs are found all the same; a Bazel among them is not.
  env -i HOME="$home" PATH="$fakes" "$@" > "$work/stdout" 2> "$work/stderr" < /dev/null || status=$?
}
said() { grep -qF -- "$1" "$work/stderr"; }
printed() { grep -qxF -- "$1" "$work/stdout"; }

# --- A Bazel that is there already -----------------------------------------------------------------------------------

fake bazel '[[ $1 == --version ]] && { echo "bazel 7.4.0"; exit; }; printf "<%s>\n" "$@"; exit 37'
run "$checkout/bazelw" test '//a b' --x=
check 'a bazel of the right major version is taken' printed '<//a b>'
check 'with its arguments' printed '<--x=>'
check 'and its exit code' test "$status" = 37

fake uname 'echo "Linux aarch64"'
fake bazel '[[ $1 == --version ]] && { echo "bazel 4.2.3"; exit; }; echo taken'
run "$checkout/bazelw" version
check 'a bazel of another major version is not' said 'Linux aarch64'
check 'and a wrong architecture is an error' test "$status" = 1
fake bazel '[[ $1 == --version ]] && { echo "bazel 7.4.0"; exit; }; echo taken'
run ESCAPEMENT_BAZEL=fetch "$checkout/bazelw" version
check 'ESCAPEMENT_BAZEL=fetch takes none that is there' said 'Linux aarch64'
fake other 'printf "other <%s>\n" "$@"'
run ESCAPEMENT_BAZEL="$fakes/other" "$checkout/bazelw" version
check 'ESCAPEMENT_BAZEL=PATH takes that one' printed 'other <version>'
run ESCAPEMENT_BAZEL=/nowhere/bazel "$checkout/bazelw" version
check 'and says so if it is not there' said 'ESCAPEMENT_BAZEL=/nowhere/bazel is not a program'

rm "$fakes/bazel"
fake bazelisk ': github.com/bazelbuild/bazelisk; echo "bazelisk <$1>"'
run "$checkout/bazelw" version
check 'a bazelisk that would have to download is not taken' said 'Linux aarch64'
mkdir -p "$home/.cache/bazelisk/downloads/metadata/bazelbuild"
touch "$home/.cache/bazelisk/downloads/metadata/bazelbuild/bazel-$(< "$checkout/.bazelversion")-linux-x86_64"
run "$checkout/bazelw" version
check 'one that has it already is' printed 'bazelisk <version>'
rm "$fakes/bazelisk"
ln -s "$checkout/bazelw" "$fakes/bazel"
run "$checkout/bazelw" version
check 'bazelw under the name of bazel does not call itself' said 'Linux aarch64'
rm "$fakes/bazel" "$fakes/uname"

# --- What it says when it cannot -------------------------------------------------------------------------------------

fake df 'echo "Filesystem 1M-blocks Used Available"; echo "x 1000 988 12 99% /"'
fake apt-get 'exit 1'
fake dpkg-deb 'exit 1'
fake unshare '[[ $* == *" true" ]] || exit 99'
run ESCAPEMENT_BAZEL=fetch "$checkout/bazelw" version
check 'too little space is an error with both figures' said 'has 12 MiB free; unpacking Bazel needs 700 MiB'
rm "$fakes/df"
fake unshare 'echo "unshare failed: Operation not permitted" >&2; exit 1'
run ESCAPEMENT_BAZEL=fetch "$checkout/bazelw" version
check 'without user namespaces it names the setting' said 'kernel.unprivileged_userns_clone'
rm "$fakes/unshare"

printf '#!/bin/bash\necho "a failing fetch" >&2; exit 1\n' > "$checkout/tools/deps/fetch.sh"
if unshare --user --map-root-user --mount true 2> /dev/null || unshare --mount true 2> /dev/null; then
  run ESCAPEMENT_BAZEL=fetch "$checkout/bazelw" version
  check 'a fetch that fails ends the run' test "$status" = 1
  check 'and leaves nothing half-made' test "$(ls "$home/.cache/escapement/bazel-root")" = lock
  run ESCAPEMENT_BAZEL=fetch XDG_CACHE_HOME="$work/xdg" "$checkout/bazelw" version
  check 'XDG_CACHE_HOME is where the cache goes' test -f "$work/xdg/escapement/bazel-root/lock"

  # --- Inside --------------------------------------------------------------------------------------------------------

  readonly root=$work/root
  mkdir -p "$root/usr" "$root/etc" "$root/mnt" "$work/a place"
  echo 'seen' > "$work/a place/file"
  inside() {
    status=0
    (cd "$work/a place" && unshare --user --map-root-user --mount bash -c \
      'root=$1; shift; mount --rbind /usr "$root/usr" && mount --rbind /etc "$root/etc" && exec bash "$@"' \
      bash "$root" "$checkout/tools/bazel/enter.sh" "$root" /bin/bash -c "$@") > "$work/stdout" 2> "$work/stderr" || status=$?
  }
  inside 'cat file "$0/file"; pwd; echo "path $PATH"; exit 5' "$work/a place"
  check 'the working directory and absolute paths are visible inside' test "$(grep -cx seen "$work/stdout")" = 2
  check 'the working directory stays' printed "$work/a place"
  check 'PATH is the root'\''s' printed 'path /usr/sbin:/usr/bin:/sbin:/bin'
  check 'the exit code comes back' test "$status" = 5
  inside 'ls /.escapement/host'
  check 'the root of the machine is there for its package client' printed 'usr'
  inside 'unshare --user --map-root-user --mount true && echo nested'
  check 'user namespaces work inside, as linux-sandbox needs them' printed 'nested'
else
  echo 'this machine has no mount namespaces' >&2
  exit 1
fi

((checks >= 22)) || { echo "only $checks checks ran"; exit 1; }
echo "$checks checks, $failures failures"
exit "$((failures > 0))"

#!/bin/bash
# Fetches locked Debian packages by the machine's own package client: the only place of the project that talks to it.
#
#   fetch.sh --release NAME --out DIR [--source] [--strict] [--state DIR] < lines of a lock
#   fetch.sh --release NAME --resolve [--state DIR] < names of packages
#
# Standard input: one package a line, `name version sha256` or, as the locks have it, `name version arch sha256`. With
# --source a line is `name version sha256` (of the .dsc, whose own sums then vouch for the rest) or
# `name version source sha256 file`. Empty lines, comments (#) and the locks' `release NAME` line are passed over.
# Result: DIR/name_version_arch.deb (a colon in the version is written %3a, as apt does), or the files of the source
# packages under their own names. Files that are already there and right are not fetched again; a file appears in DIR
# only when it is whole and right, so an interrupted or a concurrent run does no harm.
# Standard output: one line `name version file` for each package (of source packages: for each file).
# Standard error: one line of progress; warnings. Exit code: 0, or 1 with an error that says what to do.
#
# When the mirror no longer has a locked version, the newest one of the same release is taken, with a loud warning;
# with --strict nothing is taken, and the exit code is 3.
# --resolve prints the lines of a new lock: the named packages and all that they depend on, as if nothing were installed. A
# name with a leading `-` is left out, together with what only it would need. It looks at the release proper and not at
# its updates: those versions come and go, and not every machine is set up for them.
# Needs no root and never touches the system: apt gets a private state in --state, by default in the user's cache
# (ESCAPEMENT_CACHE, else XDG_CACHE_HOME/escapement, else HOME/.cache/escapement). Where packages come from, through which
# proxy and with which credentials, is decided by the machine's configuration in /etc/apt alone.
set -euo pipefail
shopt -s nullglob
export LC_ALL=C PATH="${PATH:+$PATH:}/usr/sbin:/usr/bin:/sbin:/bin"

readonly arch=amd64 index_is_fresh_minutes=10
readonly debian_suites='buster|bullseye|bookworm|trixie|forky|duke|sid|unstable|testing|stable|oldstable|oldoldstable'
readonly etc=${ESCAPEMENT_APT_ETC:-/etc/apt}
release='' out='' state='' source=no strict=no resolve=no scratch='' signatures=checked

die() { printf 'fetch.sh: error: %s\n' "$*" >&2; exit 1; }
say() { printf 'fetch.sh: %s\n' "$*" >&2; }
usage() { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"; }

parse_arguments() {
  while (($#)); do
    case $1 in
      --release) release=${2-}; shift 2 || die '--release needs a value' ;;
      --out) out=${2-}; shift 2 || die '--out needs a value' ;;
      --state) state=${2-}; shift 2 || die '--state needs a value' ;;
      --source) source=yes; shift ;;
      --strict) strict=yes; shift ;;
      --resolve) resolve=yes; shift ;;
      -h | --help) usage; exit 0 ;;
      *) die "unknown option '$1'; see fetch.sh --help" ;;
    esac
  done
  [[ $release =~ ^[a-z]+$ ]] || die "--release '$release' is not the name of a Debian release"
  [[ -n $out || $resolve == yes ]] || die '--out DIR is missing'
  [[ $out == /* ]] || out=$PWD/$out
  if [[ -z $state ]]; then
    local cache=${ESCAPEMENT_CACHE:-${XDG_CACHE_HOME:-${HOME:-/nowhere}/.cache}/escapement}
    mkdir -p "$cache" 2>/dev/null && [[ -w $cache ]] || die "cannot write the cache $cache; set ESCAPEMENT_CACHE or pass --state"
    state=$cache/apt
  fi
  [[ $state == /* ]] || state=$PWD/$state
  state=$state/$release
  [[ $source == no ]] || state+=-source
}

# Inside the private root of ./bazelw the package client is that of the machine, whose root is mounted there.
run_on_the_machine() {
  local -r machine=/.escapement/host
  [[ -x $machine/usr/bin/apt-get ]] || return 0
  local self
  self=$(realpath "${BASH_SOURCE[0]}")
  local -a arguments=(--release "$release" --out "$out" --state "${state%/*}")
  local option
  for option in source strict resolve; do [[ ${!option} == no ]] || arguments+=("--$option"); done
  exec chroot "$machine" /bin/bash "$self" "${arguments[@]}"
}

# Lines `URI|SUITE|COMPONENTS|SIGNED-BY|TRUSTED` of every binary entry that the machine's apt configuration has.
configured_entries() {
  { cat "$etc/sources.list" "$etc"/sources.list.d/*.list 2>/dev/null || true; } | awk '
    $1 == "deb" {
      signed = trusted = ""; i = 2
      if ($2 ~ /^\[/) {
        do {
          word = $i; gsub(/[][]/, "", word)
          if (sub(/^signed-by=/, "", word)) signed = word
          else if (sub(/^trusted=/, "", word)) trusted = word
        } while ($(i++) !~ /\]$/ && i <= NF)
      }
      uri = $i; suite = $(i + 1); components = ""
      for (i += 2; i <= NF && $i !~ /^#/; i++) components = components $i " "
      print uri "|" suite "|" components "|" signed "|" trusted
    }'
  local file
  for file in "$etc"/sources.list.d/*.sources; do
    awk '
      function flush(   u, s, i, j, nu, ns) {
        if (f["types"] ~ /(^| )deb( |$)/ && tolower(f["enabled"]) !~ /^(no|false)/) {
          nu = split(f["uris"], u, " "); ns = split(f["suites"], s, " ")
          # A key that is written into the entry itself cannot go into a one-line entry; apt then uses its trusted keys.
          if (f["signed-by"] ~ /BEGIN/) f["signed-by"] = ""
          for (i = 1; i <= nu; i++) for (j = 1; j <= ns; j++)
            print u[i] "|" s[j] "|" f["components"] " |" f["signed-by"] "|" f["trusted"]
        }
        delete f; key = ""
      }
      /^#/ { next }
      /^[ \t]*$/ { flush(); next }
      /^[^ \t:]+:/ { key = tolower($0); sub(/:.*/, "", key); value = $0; sub(/^[^:]*:[ \t]*/, "", value); f[key] = value; next }
      { value = $0; sub(/^[ \t]+/, " ", value); f[key] = f[key] value }
      END { flush() }' "$file"
  done
}

# The private sources.list: what the machine has for this release, or the same archives with this release's name.
write_sources() {
  local uri suite components signed trusted base options line
  local type='deb' target='Packages'
  [[ $source == yes ]] && type='deb-src' target='Sources'
  local -A seen=()
  local -a exact=() derived=()
  while IFS='|' read -r uri suite components signed trusted; do
    [[ " $components" == *' main '* && $suite =~ ^($debian_suites)([-/](updates|security))?$ ]] || continue
    base=${suite%%[-/]*}
    [[ $resolve == no || $suite == "$base" ]] || continue
    options=''
    [[ -n $signed ]] && options+=" signed-by=${signed// /,}"
    [[ -n $trusted ]] && options+=" trusted=$trusted"
    [[ $signatures == unchecked ]] && options+=' trusted=yes'
    line="$type [arch=$arch target=$target$options] $uri $release${suite#"$base"} main"
    [[ -n ${seen[$line]-} ]] && continue
    seen[$line]=1
    if [[ $base == "$release" ]]; then exact+=("$line"); else derived+=("$line"); fi
  done < <(configured_entries)
  # Testing has its security fixes in itself: an archive of them for it is empty.
  [[ $release =~ ^(testing|sid|unstable)$ ]] && mapfile -t derived < <(printf '%s\n' "${derived[@]}" | grep -Ev " $release[-/][a-z]+ main$" || true)
  ((${#exact[@]})) || exact=("${derived[@]}")
  ((${#exact[@]})) && [[ -n ${exact[0]} ]] ||
    die "no Debian archive (component main) stands in $etc/sources.list or $etc/sources.list.d: nowhere to fetch packages of '$release' from"
  printf '%s\n' "${exact[@]}" > "$state/sources.list"
}

# A private state that keeps the machine's settings (proxy, credentials, methods) and drops what would act on the system. The
# age of the index does not matter (a frozen mirror, a wrong clock): the lock vouches for the contents.
write_apt_configuration() {
  mkdir -p "$state/lists/partial" "$state/cache/archives/partial" "$state/parts"
  : > "$state/status"
  rm -f "$state"/parts/*
  local file
  for file in "$etc/apt.conf" "$etc"/apt.conf.d/*; do
    [[ -f $file && -r $file ]] && cp "$file" "$state/parts/10-${file##*/}"
  done
  cat > "$state/parts/99-escapement" <<CONF
#clear APT::Update; #clear DPkg; #clear APT::Architectures; #clear APT::Default-Release;
APT::Architecture "$arch"; APT::Architectures { "$arch"; };
APT::Sandbox::User "root";
APT::Get::AllowUnauthenticated "false";
Dir::State "$state/"; Dir::State::status "$state/status"; Dir::State::lists "$state/lists/";
Dir::Cache "$state/cache/"; Dir::Cache::pkgcache "pkgcache.bin"; Dir::Cache::srcpkgcache "";
Dir::Etc::sourcelist "$state/sources.list"; Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null"; Dir::Etc::preferencesparts "/dev/null";
Acquire::Check-Valid-Until "false"; Acquire::Check-Date "false"; Dir::Log "$state/"; Acquire::Languages "none"; Acquire::PDiffs "false"; Acquire::GzipIndexes "true"; Acquire::Retries "3";
CONF
  cat > "$state/apt.conf" <<CONF
Dir::Etc::main "/dev/null"; Dir::Etc::parts "$state/parts";
CONF
  export APT_CONFIG=$state/apt.conf
}

update_index() {
  local log=$state/update.log
  if apt-get update -qq > "$log" 2>&1 && ! grep -q '^[WE]:' "$log"; then
    cp "$state/sources.list" "$state/updated"
    return 0
  fi
  if [[ $signatures == checked ]] && grep -qE 'NO_PUBKEY|EXPKEYSIG|public key is not available|is not signed|Missing key' "$log"; then
    say "warning: this machine's keyring cannot check the signature of '$release' (package debian-archive-keyring is too old?); going by the SHA-256 of the lock"
    signatures=unchecked
    write_sources
    update_index
    return
  fi
  # Some archives may fail (a third party's, one without this release): what counts is whether the packages are found.
  cp "$state/sources.list" "$state/updated"
}

# Name and version, a line each, of all that the index offers for the names in the array `names`.
offered() {
  if [[ $source == yes ]]; then
    apt-cache showsrc "${names[@]}" 2>/dev/null | awk '/^Package:/ { name = $2 } /^Version:/ { print name, $2 }'
  else
    apt-cache madison "${names[@]}" 2>/dev/null | awk -F'|' '{ gsub(/ /, ""); print $1, $2 }'
  fi
}

sum_of() { sha256sum < "$1" | cut -d' ' -f1; }

# True if the .dsc `$1` has the sum `$2` and every file that it names lies beside it and is right.
dsc_is_right() {
  [[ -f $1 && $(sum_of "$1") == "$2" ]] || return 1
  awk '/^Checksums-Sha256:/ { on = 1; next } /^[^ ]/ { on = 0 } on { print $1 "  " $3 }' "$1" |
    (cd "${1%/*}" && sha256sum --check --status)
}

# The lock's lines, as `names` (in order) and `lines` (name -> "version sha256 file" each ended by a newline).
declare -a names=()
declare -A lines=() take=() newer=()
read_lock() {
  local name version third fourth file sum
  while read -r name version third fourth file; do
    [[ -z $name || $name == \#* || $name == release ]] && continue
    sum=$third
    [[ -n $fourth ]] && sum=$fourth
    [[ $sum =~ ^[0-9a-f]{64}$ ]] || die "standard input: '$name $version $third $fourth' is not 'name version [arch] sha256'"
    [[ $source == yes && -z $file ]] && file=${name}_${version#*:}.dsc
    [[ -n ${lines[$name]-} ]] || names+=("$name")
    lines[$name]+="$version $sum $file"$'\n'
  done
  ((${#names[@]})) || die 'standard input names no package'
}

# Prints `name version file` for each file of package `$1` if all of them are in directory `$2` and right, else fails.
# Status 2: there is a file of the right version with a wrong sum; `wrong` tells which, what was expected and what found.
wrong=''
files_of() {
  local -r name=$1 directory=$2
  local version sum file found
  while read -r version sum file; do
    [[ -n $version ]] || continue
    if [[ -z $file ]]; then
      file=$(cd "$directory" && printf '%s\n' "${name}_${version//:/%3a}"_*.deb | head -n1)
    fi
    [[ -n $file && -f $directory/$file ]] || return 1
    found=$(sum_of "$directory/$file")
    if [[ $found != "$sum" ]]; then
      wrong="$file: expected SHA-256 $sum, found $found"
      return 2
    fi
    [[ $file != *.dsc ]] || dsc_is_right "$directory/$file" "$sum" || return 1
    printf '%s %s %s\n' "$name" "$version" "$file"
  done <<< "${lines[$name]}"
}

# Sets take[name] to the version to fetch for each name of `names`: the locked one, or the newest that there is.
choose_versions() {
  local name version offer
  local -A offers=()
  while read -r name version; do offers[$name]+="$version "; done < <(offered)
  for name in "${names[@]}"; do
    version=${lines[$name]%% *}
    take[$name]=''
    newer[$name]=''
    for offer in ${offers[$name]-}; do
      if [[ $offer == "$version" ]]; then take[$name]=$version newer[$name]=''; break; fi
      if [[ -z ${take[$name]} ]] || dpkg --compare-versions "$offer" gt "${take[$name]}"; then
        take[$name]=$offer newer[$name]=yes
      fi
    done
  done
}

# True if the index that lies there has every locked version.
index_suffices() {
  index_is_of_these_sources || return 1
  choose_versions
  local name
  for name in "${names[@]}"; do [[ -n ${take[$name]} && -z ${newer[$name]} ]] || return 1; done
}

index_is_of_these_sources() { cmp -s "$state/sources.list" "$state/updated"; }
index_is_fresh() { index_is_of_these_sources && [[ -n $(find "$state/updated" -mmin "-$index_is_fresh_minutes" 2>/dev/null) ]]; }

complain_about_substitutes() {
  local name version
  for name in "${names[@]}"; do
    version=${lines[$name]%% *}
    if [[ -z ${take[$name]} ]]; then
      local reason
      reason=$(grep -E '^(E|W|Err):? ?' "$state/update.log" 2>/dev/null | head -n4 | sed 's/^/  /' || true)
      [[ -z $reason ]] && die "the archive has no package '$name' in release '$release' ($(awk '{ print $1, $(NF-2), $(NF-1) }' "$state/sources.list" | sort -u | paste -sd, | sed 's/,/, /g'))"
      rm -f "$state/updated"
      die "cannot reach the package mirror that $etc configures, or it has no release '$release' (looked for '$name'):"$'\n'"$reason"
    fi
    [[ -n ${newer[$name]} ]] || continue
    if [[ $strict == yes ]]; then
      say "$name $version is no longer in '$release' (it has ${take[$name]})"
      exit 3
    fi
    [[ $signatures == checked ]] ||
      die "'$name' $version is no longer in '$release', and without a checked signature no other version is taken; install a newer debian-archive-keyring"
    printf '%s\n' '' "fetch.sh: WARNING: $name $version is no longer in '$release'; taking $name ${take[$name]} instead." \
      'fetch.sh: WARNING: This build is not the locked one. Renew the lock with: tools/deps/renew' '' >&2
  done
}

download() {
  local name attempt
  local -a wanted=() command=(apt-get download -qq)
  [[ $source == yes ]] && command=(apt-get source --download-only -qq)
  for name in "${names[@]}"; do wanted+=("$name=${take[$name]}"); done
  for attempt in 1 2 3; do
    (cd "$scratch" && "${command[@]}" "${wanted[@]}") > "$state/download.$$.log" 2>&1 && { rm -f "$state/download.$$.log"; return 0; }
    ((attempt < 3)) && sleep $((attempt * 2))
  done
  local log
  log=$(grep '^[EW]:' "$state/download.$$.log" | head -n4 | sed 's/^/  /' || true)
  rm -f "$state/download.$$.log"
  die "the download failed three times:"$'\n'"${log:-  (apt said nothing)}"
}

# Checks what was downloaded; only when all of it is right does any of it appear in the output directory.
accept() {
  local name status file
  for name in "${names[@]}"; do
    if [[ -n ${newer[$name]} ]]; then
      # Verified by apt against the signed index; the lock has no word on this version.
      for file in "$scratch/${name}_"*; do
        [[ $source == yes && $file != *.dsc ]] || printf '%s %s %s\n' "$name" "${take[$name]}" "${file##*/}" >> "$scratch/.results"
      done
      continue
    fi
    status=0
    files_of "$name" "$scratch" >> "$scratch/.results" || status=$?
    ((status == 2)) && die "$wrong (package $name of '$release'); nothing was kept"
    ((status == 0)) || die "package $name ${take[$name]} of '$release': the client did not deliver what the lock names; nothing was kept"
  done
  for file in "$scratch"/*; do mv -f "$file" "$out/"; done
  cat "$scratch/.results"
}

# Lets apt solve the dependencies on a machine that has nothing but the packages to leave out (of the very version that the
# archive has, since some name it).
resolve() {
  local name status=$state/status.$$
  local -a wanted=() left_out=() found=()
  while read -r name; do
    case $name in
      '' | \#*) ;;
      -*) left_out+=("${name#-}") ;;
      *) wanted+=("$name") ;;
    esac
  done
  ((${#wanted[@]})) || die 'standard input names no package'
  : > "$status"
  ((${#left_out[@]} == 0)) || apt-cache show --no-all-versions "${left_out[@]}" 2>/dev/null |
    awk '$1 == "Package:" || $1 == "Version:" || $1 == "Architecture:" || $1 == "Multi-Arch:" { print }
      /^$/ { print "Status: install ok installed\nMaintainer: none\nDescription: left out\n" }' > "$status"
  local answer
  answer=$(apt-get install -s -qq --no-install-recommends -o "Dir::State::status=$status" "${wanted[@]}" 2>&1) ||
    { rm -f "$status"; die "apt cannot resolve the packages of '$release':"$'\n'"$answer"; }
  rm -f "$status"
  mapfile -t found < <(awk '$1 == "Inst" { sub(/^\(/, "", $3); print $2 "=" $3 }' <<< "$answer")
  apt-cache show "${found[@]}" | awk '
    $1 == "Package:" { name = $2 } $1 == "Version:" { version = $2 } $1 == "Architecture:" { arch = $2 }
    $1 == "SHA256:" { print name, version, arch, $2 }' | sort -u
}

# Whoever renews the index has it alone; whoever reads it shares it.
open_state() {
  exec 9> "$state/lock"
  flock 9
  write_apt_configuration
  [[ ! -f $state/unchecked ]] || signatures=unchecked
  write_sources
}

renew_index() {
  index_is_fresh && return
  signatures=checked
  rm -f "$state/unchecked"
  write_sources
  update_index
  [[ $signatures == checked ]] || : > "$state/unchecked"
}

main() {
  parse_arguments "$@"
  run_on_the_machine
  [[ -x /usr/bin/apt-get && -x /usr/bin/dpkg ]] || die 'this machine has no apt: packages come from a Debian package client'
  mkdir -p ${out:+"$out"} "$state" || die "cannot make the directories $out and $state"
  if [[ $resolve == yes ]]; then
    open_state
    renew_index
    [[ $signatures == checked ]] || die "without a checked signature of '$release' no lock can be made; install a newer debian-archive-keyring"
    resolve
    return
  fi
  read_lock

  local name
  local -a missing=()
  for name in "${names[@]}"; do files_of "$name" "$out" || missing+=("$name"); done
  ((${#missing[@]})) || return 0
  names=("${missing[@]}")
  say "fetching ${#names[@]} packages of $release"

  open_state
  if ! index_suffices; then
    renew_index
    choose_versions
  fi
  complain_about_substitutes
  flock --shared 9
  scratch=$(mktemp -d "$out/.fetch.XXXXXX")
  trap 'rm -rf "$scratch"' EXIT
  trap 'exit 130' INT TERM HUP
  download
  accept
}

main "$@"

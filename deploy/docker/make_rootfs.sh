#!/usr/bin/env bash
# Makes what is in the images: OUT/weir with the programs of weir, OUT/mock with the mock provider, both with the libraries that they link.
#
#   deploy/docker/make_rootfs.sh BIN_DIR OUT
#
#   WEIR_PROGRAMS   which programs of BIN_DIR
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
bin="$(cd "$1" && pwd)"
mkdir -p "$2"
out="$(cd "$2" && pwd)"
read -ra programs <<<"${WEIR_PROGRAMS:?}"

main() {
  make_tree "$out/weir" "${programs[@]}"
  make_tree "$out/mock" mock_upstream weirctl
}

# make_tree TREE PROGRAM...
make_tree() {
  local tree="$1" program
  shift
  mkdir -p "$tree"/{etc/weir,run/weir/secrets,usr/local/bin,usr/share/doc/weir}
  mkdir -m 1777 "$tree/tmp"
  for program in "$@"; do add_program "$tree" "$program"; done
  add_users "$tree"
  add_certificates "$tree"
  cp "$root/LICENSE" "$root/NOTICE" "$tree/usr/share/doc/weir/"
}

add_program() {
  local tree="$1" program="$2" libraries library paths
  [[ -x "$bin/$program" ]] || fail "there is no $bin/$program"
  strip --strip-debug -o "$tree/usr/local/bin/$program" "$bin/$program"
  chmod 755 "$tree/usr/local/bin/$program"
  libraries="$(ldd "$bin/$program" 2>&1)" || [[ "$libraries" == *"not a dynamic executable"* ]] || fail "ldd: $libraries"
  [[ "$libraries" != *"not found"* ]] || fail "$program needs libraries that are not here: $libraries"
  mapfile -t paths < <(sed -nE 's:^.*[[:space:]](/[^ ]+) \(0x.*:\1:p' <<<"$libraries")
  for library in "${paths[@]}"; do
    [[ -e "$tree$library" ]] || (cd / && cp --parents -L "${library#/}" "$tree")
  done
}

add_users() {
  printf 'root:x:0:0::/:/nonexistent\nweir:x:10001:10001::/var/lib/weir:/nonexistent\n' >"$1/etc/passwd"
  printf 'root:x:0:\nweir:x:10001:\n' >"$1/etc/group"
}

# Mozilla's, as Debian packs them, and not what this machine trusts besides; where OpenSSL looks.
add_certificates() {
  local tree="$1"
  mkdir -p "$tree/etc/ssl/certs" "$tree/usr/lib/ssl"
  cat /usr/share/ca-certificates/mozilla/*.crt >"$tree/etc/ssl/certs/ca-certificates.crt"
  ln -s /etc/ssl/certs/ca-certificates.crt "$tree/usr/lib/ssl/cert.pem"
}

fail() {
  echo "make_rootfs.sh: $*" >&2
  exit 1
}

main

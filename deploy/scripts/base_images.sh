#!/usr/bin/env bash
# Makes the images that the Dockerfile and compose.yaml start from, out of Debian's packages, where no registry can be reached:
# debian:12-slim by debootstrap, and on it what stands in for postgres:15, redis:7 and haproxy:2.6 (deploy/docker/stand_ins).
#
#   deploy/scripts/base_images.sh            Makes those that are missing; an image that is there, pulled or made, is left alone.
#   deploy/scripts/base_images.sh --again    Makes all anew.
#
# Takes a minute, once. Needs root, debootstrap and a Docker daemon (started where it does not run). With a registry nothing of this
# is needed: the official images have the same names.
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
readonly base=debian:12-slim release=bookworm
readonly stand_ins=(postgres:15 redis:7 haproxy:2.6)

main() {
  local again=
  case "${1:-}" in
    "") ;;
    --again) again=yes ;;
    *) fail "'$1' is not an option, want --again" ;;
  esac
  "$root/deploy/scripts/docker_daemon.sh"
  if [[ -n "$again" ]] || ! there "$base"; then make_base; fi
  local image
  for image in "${stand_ins[@]}"; do
    if [[ -n "$again" ]] || ! there "$image"; then make_stand_in "$image"; fi
  done
}

fail() {
  echo "base_images.sh: $*" >&2
  exit 1
}

there() { docker image inspect "$1" >/dev/null 2>&1; }

# Where this machine gets its packages from: it can be reached, whatever else cannot.
mirror() {
  local site
  # shellcheck disable=SC2016  # apt-get fills these in.
  site="$(apt-get indextargets --format '$(SITE) $(CODENAME)' 'Created-By: Packages' 2>/dev/null |
    sed -n "s/ $release\$//p" | head -n 1)"
  echo "${site:-http://deb.debian.org/debian}"
}

make_base() {
  [[ "$(id -u)" == 0 ]] || fail "debootstrap needs root"
  command -v debootstrap >/dev/null || fail "debootstrap is missing (Debian: debootstrap)"
  local from
  from="$(mirror)"
  folder="$(mktemp -d)"
  trap 'rm -rf "$folder"' EXIT
  echo "Making $base from $from ..."
  debootstrap --variant=minbase "$release" "$folder" "$from" >"$folder.log" 2>&1 || {
    tail -n 20 "$folder.log" >&2
    fail "debootstrap failed; the end of its log is above"
  }
  rm -f "$folder.log"
  write_apt_files "$from"
  run_in_base apt-get -q -o Acquire::Retries=3 update
  run_in_base apt-get -q -y -o Acquire::Retries=3 dist-upgrade
  run_in_base apt-get clean
  rm -rf "${folder:?}"/var/lib/apt/lists/* "${folder:?}"/usr/share/{doc,man,locale,info}/* "${folder:?}"/var/log/*.log
  : >"$folder/etc/resolv.conf"
  tar -C "$folder" --one-file-system -c . |
    docker import --change 'CMD ["bash"]' --change "LABEL weir.stand-in=$base" - "$base" >/dev/null
  rm -rf "$folder"
}

write_apt_files() {
  local from="$1" security="${1%/debian}/debian-security"
  [[ "$from" == */debian ]] || security=http://deb.debian.org/debian-security
  printf 'deb %s %s main\n' "$from" "$release" "$from" "$release-updates" "$security" "$release-security" \
    >"$folder/etc/apt/sources.list"
  # As in the official slim image: no documentation, nothing recommended, no packages kept.
  printf 'path-exclude /usr/share/%s/*\n' doc man locale info >"$folder/etc/dpkg/dpkg.cfg.d/slim"
  printf 'APT::Install-Recommends "false";\nAPT::Keep-Downloaded-Packages "false";\n' >"$folder/etc/apt/apt.conf.d/90slim"
  cp /etc/resolv.conf "$folder/etc/resolv.conf"
}

run_in_base() {
  local output
  if ! output="$(DEBIAN_FRONTEND=noninteractive chroot "$folder" "$@" 2>&1)"; then
    echo "$output" | tail -n 20 >&2
    fail "'$*' failed in the new system; the end of its output is above"
  fi
}

make_stand_in() {
  local image="$1" variable arguments=() output
  # For a mirror that only a proxy reaches.
  for variable in http_proxy https_proxy no_proxy; do
    [[ -z "${!variable:-}" ]] || arguments+=(--build-arg "$variable")
  done
  echo "Making $image ..."
  output="$(DOCKER_BUILDKIT=0 docker build --pull=false --force-rm --tag "$image" "${arguments[@]}" \
    --file "$root/deploy/docker/stand_ins/${image%%:*}.Dockerfile" "$root/deploy/docker/stand_ins" 2>&1)" || {
    echo "$output" | tail -n 30 >&2
    fail "making $image failed; the end of its log is above"
  }
}

main "$@"

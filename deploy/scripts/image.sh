#!/usr/bin/env bash
# Makes the images weir and weir-mock, with the tag that compose.yaml asks for.
#
#   deploy/scripts/image.sh            From the sources, in the builder's own Debian: half an hour on two cores.
#   deploy/scripts/image.sh BIN_DIR    From the programs in BIN_DIR, which were built on Debian 12: seconds.
#
#   WEIR_TAG        tag of the images (dev)
#   WEIR_PROGRAMS   which programs, where not all are to be in it
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
tag="${WEIR_TAG:-dev}"
context="$root"
arguments=()

main() {
  "$root/deploy/scripts/docker_daemon.sh"
  # A build fetches packages, maybe through a proxy.
  local variable
  for variable in http_proxy https_proxy no_proxy; do
    [[ -z "${!variable:-}" ]] || arguments+=(--build-arg "$variable")
  done
  if [[ $# -gt 0 ]]; then
    context="$(mktemp -d)"
    make_context "$1"
    arguments+=(--build-arg WEIR_PREBUILT=yes)
  elif [[ -n "${WEIR_PROGRAMS:-}" ]]; then
    arguments+=(--build-arg "WEIR_PROGRAMS=$WEIR_PROGRAMS")
  fi
  build mock weir-mock
  build weir weir
}

# What the Dockerfile takes instead of the sources.
make_context() {
  local bin programs
  bin="$(cd "$1" && pwd)"
  programs="$(sed -n 's/^ARG WEIR_PROGRAMS="\(.*\)"$/\1/p' "$root/deploy/docker/Dockerfile")"
  WEIR_PROGRAMS="${WEIR_PROGRAMS:-$programs}" "$root/deploy/docker/make_rootfs.sh" "$bin" "$context/rootfs"
  mkdir -p "$context/deploy/scripts" "$context/deploy/docker"
  cp "$root/deploy/scripts/install_packages.sh" "$context/deploy/scripts/"
  cp "$root"/deploy/docker/{Dockerfile,make_rootfs.sh} "$context/deploy/docker/"
}

build() {
  local target="$1" image="$2:$tag"
  docker build --file "$context/deploy/docker/Dockerfile" --target "$target" --tag "$image" --force-rm "${arguments[@]}" \
    "$context" >"$log" 2>&1 || {
    tail -n 40 "$log" >&2
    echo "image.sh: making $image failed; the end of its log is above" >&2
    exit 1
  }
  echo "$image: $(docker image inspect --format '{{.Size}}' "$image" | numfmt --to=iec) $(docker image inspect --format '{{.Id}}' "$image")"
}

log="$(mktemp)"
trap 'rm -f "$log"; [[ "$context" == "$root" ]] || rm -rf "$context"' EXIT
main "$@"

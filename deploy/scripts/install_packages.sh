#!/usr/bin/env bash
# Installs the Debian 12 packages that weir is built and tested with. Does nothing when all are there.
#
#   deploy/scripts/install_packages.sh [--quiet] [--build-only]
#
#   --quiet        Says nothing unless it fails.
#   --build-only   Leaves out what only tests need.
#
# Needs root, or sudo.
set -euo pipefail

build_packages=(
  # Toolchain.
  ca-certificates ccache clang-19 cmake git libclang-rt-19-dev lld-19 llvm-19 ninja-build pkg-config
  # Libraries.
  libabsl-dev libbenchmark-dev libboost-url1.81-dev libboost1.81-dev libcli11-dev libfaiss-dev libfmt-dev libgmock-dev
  libgrpc++-dev libgtest-dev libhiredis-dev libjemalloc-dev libmimalloc-dev libpq-dev
  libprotobuf-dev libprotoc-dev librapidcheck-dev libre2-dev libsimdjson-dev libspdlog-dev
  libsqlite3-dev libssl-dev libtomlplusplus-dev libutf8proc-dev libyaml-cpp-dev prometheus-cpp-dev protobuf-compiler
  protobuf-compiler-grpc zlib1g-dev
  # For the scripts. CMake looks for an interpreter too.
  curl openssl python3
)
test_packages=(
  clang-format-19 clang-tidy-19 g++ jq nginx-light postgresql-15 python3-venv redis-server shellcheck sqlite3 wrk
)
# For the suites compose and images; Docker's own packages (docker-ce) do as well, and would be removed for Debian's.
container_packages=(debootstrap iproute2)
command -v docker >/dev/null || container_packages+=(docker.io docker-compose)

quiet=
packages=("${build_packages[@]}" "${test_packages[@]}" "${container_packages[@]}")
for option in "$@"; do
  case "$option" in
    --quiet) quiet=yes ;;
    --build-only) packages=("${build_packages[@]}") ;;
    *)
      echo "install_packages.sh: '$option' is not an option, want --quiet or --build-only" >&2
      exit 2
      ;;
  esac
done

missing() {
  local installed
  # dpkg-query fails when one of the packages is unknown to it, and still prints the others.
  installed="$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
    sed -n 's/^installed //p')" || true
  comm -23 <(printf '%s\n' "$@" | sort -u) <(sort -u <<<"$installed")
}

as_root() {
  # Environment through env: sudo drops it. RUNLEVEL=1 keeps a package (nginx) from starting its service.
  local command=(env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 "$@")
  if [[ "$(id -u)" == 0 ]]; then
    "${command[@]}"
  elif command -v sudo >/dev/null; then
    sudo "${command[@]}"
  else
    echo "install_packages.sh: packages are missing and there is no sudo; run it as root" >&2
    return 1
  fi
}

run() {
  local output
  if [[ -z "$quiet" ]]; then
    "$@"
  elif ! output="$("$@" 2>&1)"; then
    echo "$output" >&2
    return 1
  fi
}

if ! command -v dpkg-query >/dev/null; then
  echo "install_packages.sh: this is no Debian; weir is built on Debian 12" >&2
  exit 1
fi
mapfile -t wanted < <(missing "${packages[@]}")
if [[ ${#wanted[@]} == 0 ]]; then
  [[ -n "$quiet" ]] || echo "All ${#packages[@]} packages are installed."
  exit 0
fi

[[ -n "$quiet" ]] || echo "Installing: ${wanted[*]}"
run as_root apt-get -q -o Acquire::Retries=3 update
run as_root apt-get -q -y -o Acquire::Retries=3 install --no-install-recommends "${wanted[@]}"

#!/usr/bin/env bash
# Builds weir into build/PRESET; programs are in build/PRESET/bin.
#
#   deploy/scripts/build.sh PRESET [TARGET...]     PRESET: debug release asan tsan gcc; no TARGET: everything.
#
#   WEIR_JOBS   Compilations at once. Unset: a core each, as far as there are 1.5 GiB of memory for each.
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"

if [[ $# == 0 ]]; then
  sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}" >&2
  exit 2
fi
preset="$1"
shift
build="$root/build/$preset"

default_jobs() {
  local cores by_memory
  cores="$(nproc)"
  by_memory="$(awk '/^MemAvailable/ {print int($2 / 1024 / 1536)}' /proc/meminfo)"
  ((by_memory < cores)) && cores="$by_memory"
  ((cores > 0)) || cores=1
  echo "$cores"
}

cd "$root"
# The tests' interpreter where it is made: CTest starts the Python tests with it.
python="$root/.cache/venv/bin/python"
configured_for="$build/configured_for"
[[ -x "$python" ]] || python=
# Ninja configures again by itself when a CMakeLists.txt changes, but does not look at the presets.
if [[ ! -f "$build/build.ninja" || CMakePresets.json -nt "$configured_for" ||
  "$(cat "$configured_for" 2>/dev/null)" != "$root $python" ]]; then
  cmake --preset "$preset" ${python:+"-DPython3_EXECUTABLE=$python"}
  echo "$root $python" >"$configured_for"
fi
exec ninja -C "$build" -j "${WEIR_JOBS:-$(default_jobs)}" "$@"

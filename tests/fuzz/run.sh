#!/usr/bin/env bash
# Runs every fuzzer, and the comparison with Python's json, from the seeds in tests/fuzz/corpus/. Says one line of each,
# fails on any finding.
#
#   tests/fuzz/run.sh [SECONDS]   Of each; 30. One a core at a time.
#
#   WEIR_FUZZ_BUILD   A build folder with WEIR_FUZZERS on, up to date. Unset: build/asan, which is built first.
#
# What a finding was found with stays in build/reports/fuzz; what was learned, in BUILD/corpus.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
seconds="${1:-30}"
build="${WEIR_FUZZ_BUILD:-build/asan}"
findings=build/reports/fuzz
python="${WEIR_PYTHON:-python3}"

main() {
  local fuzzer status=0 running=0
  [[ -n "${WEIR_FUZZ_BUILD:-}" ]] || deploy/scripts/build.sh asan >/dev/null
  mkdir -p "$findings"
  local found=0
  for fuzzer in "$build"/fuzz/*_fuzz; do
    [[ -x "$fuzzer" ]] || continue
    found=1
    if ((running >= $(nproc))); then
      wait -n || status=1
      running=$((running - 1))
    fi
    fuzz "$fuzzer" &
    running=$((running + 1))
  done
  while ((running > 0)); do
    wait -n || status=1
    running=$((running - 1))
  done
  [[ "$found" == 1 ]] || { echo "run.sh: there is no fuzzer in $build/fuzz" >&2 && return 1; }
  "$python" tests/fuzz/differential_json.py "$build/bin/chat_json_probe" --seconds "$seconds" || status=1
  return "$status"
}

# fuzz PROGRAM: from its seeds and from what earlier runs learned.
fuzz() {
  local name folders
  name="$(basename "$1")"
  folders=("$build/corpus/$name")
  [[ -d "tests/fuzz/corpus/$name" ]] && folders+=("tests/fuzz/corpus/$name")
  mkdir -p "${folders[0]}"
  if "$1" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=65536 -verbosity=0 \
    -print_final_stats=1 -artifact_prefix="$findings/$name-" "${folders[@]}" >"$findings/$name.log" 2>&1; then
    echo "$name: ok, $(sed -n 's/^stat::number_of_executed_units: *//p' "$findings/$name.log") inputs"
  else
    echo "$name: FAILED, see $findings/$name.log"
    tail -n 40 "$findings/$name.log"
    return 1
  fi
}

main

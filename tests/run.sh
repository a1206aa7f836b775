#!/usr/bin/env bash
# Installs what is needed, builds and runs the tests, as CI does.
#
#   tests/run.sh            What CI runs: lint unit e2e conformance suite chaos compose asan fuzz.
#   tests/run.sh SUITE...   lint         formatting, shell scripts and the checks of tests/lint
#                           unit         every unit test, release build
#                           e2e          the programs, over sockets, release build
#                           conformance  official SDKs and raw clients against the gateway, release build
#                           suite        the end-to-end files on a suite: processes on PostgreSQL and Redis
#                           chaos        a suite whose parts are killed, paused, scaled and restarted under load
#                           asan, tsan   unit and e2e under AddressSanitizer with UBSan, under ThreadSanitizer
#                           fuzz         every fuzzer for WEIR_FUZZ_SECONDS (30), with ASan
#                           tidy         clang-tidy over everything
#                           bench        every benchmark once, short
#                           gcc          unit, built by g++ 12
#                           compose      compose.yaml, with images of the release build: its bounds, the end-to-end files on its
#                                        containers, and each of these cut off the network
#                           images       the images from the sources, as who has no build makes them (half an hour)
#
# Ends with a table, the names of what failed and the line "N passed, N failed". Reports are in build/reports/SUITE; a run of everything also
# writes docs/acceptance.md. WEIR_JOBS: as in deploy/scripts/build.sh.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
root="$PWD"
reports="$root/build/reports"
# How much longer than plain programs these may take: waits of the tests stretch by it.
declare -A slow_factor=([asan]=3 [tsan]=5)
default_suites=(lint unit e2e conformance suite chaos compose asan fuzz)

main() {
  local suites=("$@") suite
  [[ $# -gt 0 ]] || suites=("${default_suites[@]}")
  for suite in "${suites[@]}"; do
    if ! declare -F "suite_$suite" >/dev/null; then
      sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$root/tests/run.sh" >&2
      echo "run.sh: '$suite' is not a suite" >&2
      exit 2
    fi
  done

  title "packages"
  deploy/scripts/install_packages.sh --quiet
  python="$(deploy/scripts/python_env.sh)"

  mkdir -p "$reports"
  [[ $# -gt 0 ]] || rm -rf "${reports:?}"/*
  : >"$reports/suites.tsv"
  for suite in "${suites[@]}"; do run_suite "$suite"; done

  local failed=0
  [[ $# -gt 0 ]] || acceptance || failed=1
  "$python" tests/summary.py "$reports" || failed=1
  return "$failed"
}

title() { printf '\n==== %s\n' "$*"; }

# One suite to its end, whatever becomes of it: the others still run.
run_suite() {
  local suite="$1" started="$SECONDS" status=0
  title "$suite"
  rm -rf "${reports:?}/$suite"
  mkdir -p "$reports/$suite"
  set +e  # A function called as a condition would run on after an error.
  (
    set -e
    "suite_$suite"
  )
  status=$?
  set -e
  local seconds=$((SECONDS - started))
  printf '%s\t%s\t%s\n' "$suite" "$status" "$seconds" >>"$reports/suites.tsv"
  title "$suite: $([[ $status == 0 ]] && echo ok || echo FAILED), $((seconds / 60))m$((seconds % 60))s"
}

# --- suites -----------------------------------------------------------------------------------------------

suite_lint() {
  local status=0 check
  check_case clang-format check_format || status=1
  check_case shellcheck check_shell || status=1
  for check in tests/lint/check_*.py; do
    [[ -e "$check" ]] || continue
    check_case "$(basename "$check" .py)" "$python" "$check" || status=1
  done
  if compgen -G "tests/lint/test_*.py" >/dev/null; then
    run_pytest lint release tests/lint || status=1
  fi
  return "$status"
}

suite_unit() {
  local status=0
  run_unit unit release || status=1
  run_pytest unit release tests/load || status=1
  return "$status"
}
suite_gcc() { run_unit gcc gcc; }

suite_e2e() {
  build release
  run_pytest e2e release tests/e2e
}

suite_conformance() {
  build release
  run_pytest conformance release tests/conformance
}

# Many processes on a machine that others use too: a test of these may be asked a second time, which its summary says.
second_chance=(--reruns 1)

suite_suite() {
  build release
  WEIR_TOPOLOGY=suite run_pytest suite release tests/e2e "${second_chance[@]}"
}

suite_chaos() {
  build release
  run_pytest chaos release tests/chaos "${second_chance[@]}"
  # Limits are as exact between two edges and two replicas of quota.
  WEIR_TOPOLOGY=suite WEIR_SUITE_REPLICAS=2 run_pytest chaos release tests/e2e/test_quota_concurrency.py \
    "${second_chance[@]}"
}

suite_asan() { run_sanitized asan; }
suite_tsan() { run_sanitized tsan; }

suite_fuzz() {
  build asan
  check_case fuzz env WEIR_FUZZ_BUILD=build/asan WEIR_PYTHON="$python" \
    tests/fuzz/run.sh "${WEIR_FUZZ_SECONDS:-30}"
}

suite_tidy() {
  build release
  check_case clang-tidy run-clang-tidy-19 -quiet -p build/release -j "$(nproc)" \
    "^$root/(common|services|edge|apps|tests)/"
}

# Containers of Debian's packages, which stand in for images of a registry.
suite_compose() {
  build release
  check_case base_images deploy/scripts/base_images.sh
  check_case image deploy/scripts/image.sh build/release/bin
  run_pytest compose release tests/compose "${second_chance[@]}"
}

suite_images() {
  check_case base_images deploy/scripts/base_images.sh
  check_case image deploy/scripts/image.sh
  run_pytest images release tests/compose/test_image.py
}

suite_bench() {
  local status=0 benchmark
  build release
  for benchmark in build/release/benchmarks/*; do
    [[ -x "$benchmark" ]] || continue
    check_case "$(basename "$benchmark")" "$benchmark" --benchmark_min_time=0.05 || status=1
  done
  return "$status"
}

# --- what suites are made of ------------------------------------------------------------------------------

build() { deploy/scripts/build.sh "$1"; }

# run_unit SUITE PRESET: every CTest test.
run_unit() {
  local suite="$1" preset="$2" status=0
  build "$preset"
  rm -rf "build/$preset/reports"
  mkdir -p "build/$preset/reports"
  ctest --test-dir "build/$preset" -L unit -j "$(nproc)" --output-on-failure --no-tests=error \
    --output-junit "$reports/$suite/ctest.junit" || status=1
  find "build/$preset/reports" -name '*.xml' -exec cp {} "$reports/$suite/" \;
  return "$status"
}

# run_pytest SUITE PRESET FOLDER [OPTION...]
run_pytest() {
  local suite="$1" preset="$2" folder="$3"
  shift 3
  # The limit is for a run that hangs as a whole: its output would be lost with the CI run.
  PYTHONDONTWRITEBYTECODE=1 WEIR_BIN_DIR="$root/build/$preset/bin" WEIR_PRESET="$preset" \
    timeout --kill-after=30 1800 "$python" -m pytest -q -ra -p no:cacheprovider --timeout=180 \
    --durations=5 --junitxml="$reports/$suite/$(basename "$folder").xml" "$@" "$folder"
}

# Unit and e2e under a sanitizer. Each report of one is a failed case of its own, also of a program whose exit code nobody has looked at.
run_sanitized() {
  local suite="$1" status=0 found
  local common="log_path=$reports/$suite/sanitizer:external_symbolizer_path=/usr/bin/llvm-symbolizer-19"
  local suppressions="$root/tests/sanitizers"
  export ASAN_OPTIONS="$common:detect_stack_use_after_return=1:strict_string_checks=1"
  export LSAN_OPTIONS="suppressions=$suppressions/lsan.supp:print_suppressions=0"
  export UBSAN_OPTIONS="$common:print_stacktrace=1"
  export TSAN_OPTIONS="$common:suppressions=$suppressions/tsan.supp:second_deadlock_stack=1"
  run_unit "$suite" "$suite" || status=1
  WEIR_SLOW_FACTOR="${slow_factor[$suite]}" run_pytest "$suite" "$suite" tests/e2e || status=1
  for found in "$reports/$suite"/sanitizer.*; do
    [[ -e "$found" ]] || continue
    title "sanitizer report: $(basename "$found")"
    head -n 120 "$found"
    record "$suite" sanitizers failed "$(grep -m1 -oE '(SUMMARY|ERROR|WARNING|runtime error): ?.*' "$found" || basename "$found")"
    status=1
  done
  return "$status"
}

# check_case NAME COMMAND...: one case of the current suite, which passes as the command does.
check_case() {
  local name="$1" outcome=passed
  shift
  echo "-- $name"
  "$@" || outcome=failed
  record "$suite" checks "$outcome" "$name"
  [[ "$outcome" == passed ]]
}

record() { printf '%s\t%s\n' "$3" "$4" >>"$reports/$1/$2.tsv"; }

# Files of the project by pattern, also those that are not added yet; without Git, all that are there.
sources() {
  if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    git ls-files --cached --others --exclude-standard -- "$@" | while read -r file; do
      [[ ! -e "$file" ]] || echo "$file"
    done
  else
    local patterns=() pattern
    for pattern in "$@"; do patterns+=(-o -path "./$pattern"); done
    find . \( -path ./build -o -path ./.cache -o -path ./.weir \) -prune -o -type f \( "${patterns[@]:1}" \) -print
  fi
}

check_format() {
  local unformatted
  unformatted="$(sources '*.h' '*.cc' | xargs -r clang-format-19 --dry-run 2>&1 | sed -n 's/:[0-9]*:[0-9]*: warning:.*//p' | sort -u)"
  [[ -z "$unformatted" ]] || printf 'To be formatted, with clang-format-19 -i:\n%s\n' "$unformatted"
  [[ -z "$unformatted" ]]
}
check_shell() { sources '*.sh' '.ci/run' | xargs -r shellcheck; }

acceptance() {
  local status=0
  mkdir -p "$reports/acceptance"
  "$python" tests/acceptance_table.py "$reports" docs/acceptance.md || status=1
  printf 'acceptance\t%s\t0\n' "$status" >>"$reports/suites.tsv"
  return "$status"
}

main "$@"

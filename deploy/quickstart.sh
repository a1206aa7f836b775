#!/usr/bin/env bash
# weir on this machine, for a first look: installs what it needs, builds it and starts it in front of a mock provider.
#
#   deploy/quickstart.sh             Runs until Ctrl-C.
#   deploy/quickstart.sh --detach    Leaves it running; .weir/quickstart.env has its addresses and keys.
#   deploy/quickstart.sh --stop      Ends what was left running.
#
# With OPENAI_API_KEY set, https://api.openai.com/v1 answers instead of the mock. Data, secrets and the demo key stay in .weir/ for the next
# start; delete the folder to begin anew.
#
#   WEIR_PORT 8080, WEIR_OPS_PORT 9094, WEIR_ADMIN_PORT 9091, WEIR_MOCK_PORT 8082, WEIR_MOCK_CONTROL_PORT 8083: where to listen on 127.0.0.1
#   WEIR_BIN_DIR: programs that are built already; nothing is installed or built then
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
home="$root/.weir"
bin="${WEIR_BIN_DIR:-$root/build/release/bin}"

port="${WEIR_PORT:-8080}"
ops_port="${WEIR_OPS_PORT:-9094}"
admin_port="${WEIR_ADMIN_PORT:-9091}"
mock_port="${WEIR_MOCK_PORT:-8082}"
mock_control_port="${WEIR_MOCK_CONTROL_PORT:-8083}"
openai="${OPENAI_API_KEY:+yes}"

readonly start_seconds=60 stop_seconds=40

main() {
  case "${1:-}" in
    "" | --detach) ;;
    --stop) stop && return ;;
    *)
      usage >&2
      fail "'$1' is not an option"
      ;;
  esac
  if running weir; then
    say "weir is running already (process $(pid_of weir)); deploy/quickstart.sh --stop ends it."
    return
  fi
  stop_programs  # A mock without its gateway.
  rm -f "$home/run/stopping"
  prepare_programs
  # weir takes every WEIR_* as a setting of its own.
  unset WEIR_PORT WEIR_OPS_PORT WEIR_ADMIN_PORT WEIR_MOCK_PORT WEIR_MOCK_CONTROL_PORT WEIR_BIN_DIR WEIR_JOBS
  unset WEIR_ADMIN_ADDRESS WEIR_ADMIN_TOKEN WEIR_ADMIN_TOKEN_FILE  # weirctl's.
  check_ports
  write_home
  trap 'stop_programs' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  start_programs
  write_env
  say_welcome
  if [[ "${1:-}" == --detach ]]; then
    trap - EXIT
    say "It is left running; deploy/quickstart.sh --stop ends it."
  else
    say "Ctrl-C ends it."
    wait_for_end
  fi
}

usage() { sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; }
say() { printf '%s\n' "$*"; }
fail() {
  printf 'quickstart.sh: %s\n' "$*" >&2
  exit 1
}

# --- programs ---------------------------------------------------------------------------------------------

prepare_programs() {
  if [[ -z "${WEIR_BIN_DIR:-}" ]]; then
    "$root/deploy/scripts/install_packages.sh" --quiet --build-only
    say "Building (some ten minutes on two cores the first time) ..."
    "$root/deploy/scripts/build.sh" release weir_bin weirctl mock_upstream_bin
  fi
  local program
  for program in weir mock_upstream; do
    [[ -x "$bin/$program" ]] || fail "there is no $bin/$program"
  done
}

start_programs() {
  if [[ -z "$openai" ]]; then
    start mock_upstream --listen "127.0.0.1:$mock_port" --control "127.0.0.1:$mock_control_port"
    wait_for mock_upstream "http://127.0.0.1:$mock_control_port/healthz"
  fi
  # The provider's header, whole, as provider.yaml refers to it; in the environment of this one process alone.
  QUICKSTART_AUTHORIZATION="${OPENAI_API_KEY:+Bearer $OPENAI_API_KEY}" start weir --config "$home/weir.yaml"
  wait_for weir "http://127.0.0.1:$ops_port/readyz"
}

# start PROGRAM ARGUMENT...: in a session of its own, so that Ctrl-C comes through this script and weir can drain.
start() {
  local program="$1"
  shift
  env -u OPENAI_API_KEY setsid "$bin/$program" "$@" </dev/null >>"$home/log/$program.log" 2>&1 &
  echo "$! $(start_of "$!")" >"$home/run/$program.pid"
}

wait_for() {
  local program="$1" url="$2" tries
  for ((tries = 0; tries < start_seconds * 10; ++tries)); do
    if curl --noproxy '*' -fsS -m 2 -o /dev/null "$url" 2>/dev/null; then return; fi
    if ! running "$program"; then
      tail -n 20 "$home/log/$program.log" >&2
      fail "$program has ended; the end of $home/log/$program.log is above"
    fi
    sleep 0.1
  done
  tail -n 5 "$home/log/$program.log" >&2
  fail "$program runs, but $url says after ${start_seconds}s: $(curl --noproxy '*' -sS -m 2 "$url" 2>&1 | head -c 300)"
}

wait_for_end() {
  wait -n || true  # Not in a loop of command substitutions: an interrupt in one confuses bash.
  if [[ -e "$home/run/stopping" || ! -e "$home/run/weir.pid" ]]; then
    say "Stopped."
    return
  fi
  fail "a program has ended; see $home/log"
}

pid_of() { cut -d' ' -f1 "$home/run/$1.pid" 2>/dev/null; }

# When process PID was started, in clock ticks since boot; fails when it does not run, or has ended and is only not buried yet.
start_of() {
  local state
  state="$(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null)" && [[ -n "$state" && "$state" != Z* ]] || return 1
  cut -d' ' -f20 <<<"$state"
}

# Whether PROGRAM, as this script started it, runs: its pid may have gone to another process meanwhile.
running() {
  local pid started
  read -r pid started 2>/dev/null <"$home/run/$1.pid" || return 1
  [[ -n "$started" && "$(start_of "$pid")" == "$started" ]]
}

stop() {
  local was=
  if running weir || running mock_upstream; then was=yes; fi
  [[ ! -d "$home/run" ]] || touch "$home/run/stopping"  # Tells the terminal that it was started in.
  stop_programs
  rm -f "$home/run/stopping"
  say "$([[ -n "$was" ]] && echo "Stopped." || echo "Nothing was running.")"
}

# weir first: it drains, and its provider must be there for that.
stop_programs() {
  stop_program weir
  stop_program mock_upstream
  rm -f "$home/quickstart.env"
}

stop_program() {
  local program="$1" pid tries
  if running "$program"; then
    pid="$(pid_of "$program")"
    kill -TERM "$pid" 2>/dev/null || true
    for ((tries = 0; tries < stop_seconds * 10; ++tries)); do
      running "$program" || break
      sleep 0.1
    done
    if running "$program"; then kill -KILL "$pid" 2>/dev/null || true; fi
  fi
  rm -f "$home/run/$program.pid"
}

# --- ports ------------------------------------------------------------------------------------------------

check_ports() {
  check_port "$port" traffic WEIR_PORT
  check_port "$ops_port" "health and metrics" WEIR_OPS_PORT
  check_port "$admin_port" admin WEIR_ADMIN_PORT
  if [[ -z "$openai" ]]; then
    check_port "$mock_port" "mock provider" WEIR_MOCK_PORT
    check_port "$mock_control_port" "mock provider's control" WEIR_MOCK_CONTROL_PORT
  fi
}

check_port() {
  local number="$1" purpose="$2" variable="$3"
  if [[ ! "$number" =~ ^[0-9]{1,5}$ ]] || ((number < 1 || number > 65535)); then
    fail "$variable is '$number', want a port from 1 to 65535"
  fi
  if (exec 3<>"/dev/tcp/127.0.0.1/$number") 2>/dev/null; then
    fail "port $number ($purpose) is in use; end what listens there, or set $variable to another port"
  fi
}

# --- what is in .weir -------------------------------------------------------------------------------------

write_home() {
  local umask_before
  umask_before="$(umask)"
  umask 077
  mkdir -p "$home"/{data,secrets,bootstrap,log,run}
  chmod 700 "$home" "$home"/{data,secrets}
  # Not of the form that weir gives to keys of its own making, wr_...
  [[ -s "$home/secrets/demo_key" ]] || printf 'demo-%s\n' "$(openssl rand -hex 24)" >"$home/secrets/demo_key"
  cp "$root"/deploy/samples/quickstart/*.yaml "$home/bootstrap/"
  write_provider >"$home/bootstrap/provider.yaml"
  write_config >"$home/weir.yaml"
  umask "$umask_before"
}

write_provider() {
  echo "# Written by deploy/quickstart.sh at each start."
  echo "kind: Provider"
  echo "name: quickstart"
  echo "spec:"
  if [[ -n "$openai" ]]; then
    echo "  baseUrl: https://api.openai.com/v1"
    echo "  authValue: {fromEnv: QUICKSTART_AUTHORIZATION}"
  else
    echo "  baseUrl: http://127.0.0.1:$mock_port/v1"
  fi
}

write_config() {
  cat <<CONFIG
# Written by deploy/quickstart.sh at each start: edit a copy, and run build/release/bin/weir --config COPY.
profile: dev
data: "$home/data"
secrets: "$home/secrets"
bootstrap: "$home/bootstrap"
listeners:
  - name: public
    address: 127.0.0.1:$port
ops:
  address: 127.0.0.1:$ops_port
admin:
  address: 127.0.0.1:$admin_port
CONFIG
  [[ -n "$openai" ]] || cat <<CONFIG
egress:
  allow: [127.0.0.1/32]
  allow_plaintext: true
CONFIG
}

write_env() {
  local upstream="http://127.0.0.1:$mock_port/v1"
  [[ -z "$openai" ]] || upstream=https://api.openai.com/v1
  (
    umask 077
    cat >"$home/quickstart.env" <<ENV
BASE_URL=http://127.0.0.1:$port
API_KEY=$(<"$home/secrets/demo_key")
OPENAI_BASE_URL=http://127.0.0.1:$port/v1
OPS_URL=http://127.0.0.1:$ops_port
ADMIN_ADDRESS=127.0.0.1:$admin_port
ADMIN_TOKEN=$(cat "$home/data/admin.token" 2>/dev/null)
UPSTREAM_URL=$upstream
ENV
    [[ -n "$openai" ]] || echo "UPSTREAM_CONTROL_URL=http://127.0.0.1:$mock_control_port" >>"$home/quickstart.env"
  )
}

say_welcome() {
  cat <<TEXT

weir is ready. Ask it something:

  curl http://127.0.0.1:$port/v1/chat/completions \\
    -H "Authorization: Bearer \$(cat $home/secrets/demo_key)" -H 'Content-Type: application/json' \\
    -d '{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello!"}]}'

What was spent, by team:

  $bin/weirctl --address 127.0.0.1:$admin_port --token-file $home/data/admin.token usage --by team

Next: put a document of your own into $home/bootstrap (samples: deploy/samples), or read README.md and docs/.
Health and metrics: http://127.0.0.1:$ops_port/healthz, /metrics. Logs: $home/log.

TEXT
}

main "$@"

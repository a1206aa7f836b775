#!/usr/bin/env bash
# Makes the CA of a suite and a certificate for each of its services, which they show one another (mTLS).
#
#   deploy/scripts/make_certificates.sh DIR [--owner UID:GID]
#
#   DIR/ca/{ca.pem,ca.key}                                    ten years; the key is for this script alone: no service gets it
#   DIR/SERVICE/{certificate.pem,key.pem,ca.pem}              397 days; SERVICE: edge admin identity quota routing guardrails cache mock
#
# A certificate is for SERVICE.weir, which is what its peers ask for and know it by, and for SERVICE, localhost and 127.0.0.1. All
# replicas of a service use the same one.
#
# Run it as often as you like, before services start: what is good stays; what ends within 120 days, does not fit its key or is not
# of this CA is made anew (so is the CA, with the same key, so that older certificates stay good). Services read theirs at start.
#
#   --owner   Whom DIR/SERVICE shall belong to; needs root. Keys are for their owner alone (0600).
set -euo pipefail
umask 077

readonly services=(edge admin identity quota routing guardrails cache mock)
readonly ca_days=3650 days=397 renew_seconds=$((120 * 24 * 3600))

main() {
  [[ $# -gt 0 && "$1" != -* ]] || usage
  dir="$1"
  owner=
  shift
  while [[ $# -gt 0 ]]; do
    case "$1" in
      --owner)
        [[ "${2:-}" =~ ^[0-9]+:[0-9]+$ ]] || usage
        owner="$2"
        shift 2
        ;;
      *) usage ;;
    esac
  done
  mkdir -p "$dir/ca"
  exec 9>"$dir/ca/lock"
  flock 9  # Two at once would make two CAs.
  work="$(mktemp -d "$dir/ca/making.XXXXXX")"
  trap 'rm -rf "$work"' EXIT
  make_ca
  local service
  for service in "${services[@]}"; do make_certificate "$service"; done
}

usage() {
  sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}" >&2
  exit 2
}

say() { printf 'certificates: %s\n' "$*"; }

run_openssl() {
  local output
  if ! output="$(openssl "$@" 2>&1)"; then
    printf 'make_certificates.sh: openssl %s failed: %s\n' "$1" "$output" >&2
    exit 1
  fi
}

# A P-256 key in PKCS#8.
new_key() { run_openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"; }

# Whether certificate CERTIFICATE is there, fits KEY and will do for a while.
good() {
  local certificate="$1" key="$2"
  [[ -s "$certificate" && -s "$key" ]] || return 1
  openssl x509 -in "$certificate" -noout -checkend "$renew_seconds" >/dev/null 2>&1 || return 1
  [[ "$(openssl x509 -in "$certificate" -noout -pubkey 2>/dev/null)" == "$(openssl pkey -in "$key" -pubout 2>/dev/null)" ]]
}

# A key that exists is kept: every certificate hangs on it.
make_ca() {
  local ca="$dir/ca"
  if good "$ca/ca.pem" "$ca/ca.key"; then return; fi
  if [[ ! -s "$ca/ca.key" ]]; then
    new_key "$work/ca.key"
    mv "$work/ca.key" "$ca/ca.key"
  fi
  run_openssl req -x509 -new -sha256 -key "$ca/ca.key" -days "$ca_days" -subj "/O=weir/CN=weir suite CA" \
    -addext basicConstraints=critical,CA:TRUE,pathlen:0 -addext keyUsage=critical,keyCertSign,cRLSign -out "$work/ca.pem"
  mv "$work/ca.pem" "$ca/ca.pem"
  say "made the CA"
}

make_certificate() {
  local service="$1" to="$dir/$1"
  mkdir -p "$to"
  if ! good "$to/certificate.pem" "$to/key.pem" ||
    ! openssl verify -CAfile "$dir/ca/ca.pem" "$to/certificate.pem" >/dev/null 2>&1; then
    issue "$service"
    # Between the two a kill leaves a pair that does not fit, which the next run replaces.
    mv "$work/key.pem" "$to/key.pem"
    mv "$work/certificate.pem" "$to/certificate.pem"
    say "made the one of $service"
  fi
  if ! cmp -s "$dir/ca/ca.pem" "$to/ca.pem"; then
    cp "$dir/ca/ca.pem" "$work/copy.pem"
    mv "$work/copy.pem" "$to/ca.pem"
  fi
  if [[ -n "$owner" ]]; then
    chown "$owner" "$to" "$to/certificate.pem" "$to/key.pem" "$to/ca.pem"
  fi
}

issue() {
  local service="$1" usage=serverAuth,clientAuth
  # A provider is called, and calls nobody.
  [[ "$service" != mock ]] || usage=serverAuth
  new_key "$work/key.pem"
  run_openssl req -new -sha256 -key "$work/key.pem" -subj "/O=weir/CN=$service.weir" -out "$work/request.pem"
  cat >"$work/extensions" <<EXTENSIONS
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = $usage
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = DNS:$service.weir,DNS:$service,DNS:localhost,IP:127.0.0.1
EXTENSIONS
  run_openssl x509 -req -sha256 -in "$work/request.pem" -CA "$dir/ca/ca.pem" -CAkey "$dir/ca/ca.key" \
    -set_serial "0x$(openssl rand -hex 16)" -days "$days" -extfile "$work/extensions" -out "$work/certificate.pem"
}

main "$@"

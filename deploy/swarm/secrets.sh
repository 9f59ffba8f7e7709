#!/usr/bin/env bash
# Makes the secrets of the stack and gives them to the swarm. Never prints one, nor passes one as an argument. A copy of
# each stays in SECRETS_DIR, readable by its owner alone: a rotation needs the old ones. What is there is used, not made
# anew, so running it twice changes nothing, and files of your own can be put there first.
#
#   secrets.sh                 version 1 of cluster-hmac, jwt and audit-token
#   secrets.sh --rotate 2      versions 2, 3 and 4, to be deployed one after the other: signed with the old ones while
#                              the new ones are accepted already; signed with the new ones; the new ones alone
#   secrets.sh --tls [N]       version N (1) of a certificate for clients, and of an authority and certificate for peers
#   secrets.sh --grafana       the password of Grafana's administrator
#
# SECRETS_DIR (.data/swarm-secrets), TLS_NAMES (localhost and this host: the names in the certificate for clients).
# DOCKER_HOST or a docker context says which swarm.
set -euo pipefail
umask 077

dir=${SECRETS_DIR:-.data/swarm-secrets}
SECRETS=(cluster-hmac jwt audit-token)
# These may hold "new,old".
PAIRS=" cluster-hmac jwt "
TLS_FILES=(tls-cert tls-key cluster-tls-ca cluster-tls-cert cluster-tls-key)
DAYS=825

die() { echo "secrets.sh: $*" >&2; exit 1; }
is_version() { [[ ${1:-} =~ ^[1-9][0-9]{0,3}$ ]] || die "needs a version, a number from 1 on, but got \"${1:-}\""; }
random_hex() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }

# file DIR NAME: made from standard input, unless it is there.
keep() {
  if [ -s "$1/$2" ]; then cat >/dev/null; else cat >"$1/$2.part" && mv "$1/$2.part" "$1/$2"; fi
}

# give VERSION_DIR VERSION NAME...: to the swarm, unless it has them.
give() {
  local from=$1 version=$2 name full; shift 2
  for name in "$@"; do
    full=agenda-$name-$version
    if docker secret inspect "$full" >/dev/null 2>&1; then echo "$full is there already"; continue; fi
    docker secret create "$full" "$from/$name" >/dev/null || die "the swarm did not take $full"
    echo "$full made"
  done
}

make_new() {
  local to=$dir/v1 name
  mkdir -p "$to"
  for name in "${SECRETS[@]}"; do random_hex | keep "$to" "$name"; done
  give "$to" 1 "${SECRETS[@]}"
}

# While an update goes through, some replicas have a version and some the one before: each accepts what the other signs.
rotate() {
  local first=$1 from=$dir/v$(($1 - 1)) to name step old new
  [ -d "$from" ] || die "$from is not there: version $first follows on it"
  grep -q , "$from/cluster-hmac" && die "version $(($1 - 1)) is a step of a rotation: go on from its last one"
  to=$dir/v$((first + 2))
  mkdir -p "$dir/v$first" "$dir/v$((first + 1))" "$to"
  for name in "${SECRETS[@]}"; do
    random_hex | keep "$to" "$name"
    old=$(tr -d '\n' <"$from/$name") new=$(tr -d '\n' <"$to/$name")
    if [[ $PAIRS == *" $name "* ]]; then
      printf %s,%s "$old" "$new" | keep "$dir/v$first" "$name"
      printf %s,%s "$new" "$old" | keep "$dir/v$((first + 1))" "$name"
    else
      printf %s "$old" | keep "$dir/v$first" "$name"
      printf %s "$new" | keep "$dir/v$((first + 1))" "$name"
    fi
  done
  for step in "$first" $((first + 1)) $((first + 2)); do give "$dir/v$step" "$step" "${SECRETS[@]}"; done
  echo "deploy with SECRETS_VERSION=$first; when all replicas have it, with $((first + 1)); then with $((first + 2))"
}

# certificate DIR PREFIX SUBJECT SAN: an authority (PREFIX-ca) and a certificate by it
certificate() {
  local to=$1 prefix=$2 names=$3
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days $DAYS -subj "/CN=$prefix authority" \
    -keyout "$to/.$prefix-ca-key" -out "$to/$prefix-ca" 2>/dev/null
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$prefix" \
    -keyout "$to/$prefix-key" -out "$to/.$prefix-csr" 2>/dev/null
  openssl x509 -req -in "$to/.$prefix-csr" -CA "$to/$prefix-ca" -CAkey "$to/.$prefix-ca-key" -CAcreateserial -days $DAYS \
    -extfile <(echo "subjectAltName=$names") -out "$to/$prefix-cert" 2>/dev/null
  # With the authority's key gone nobody can make another certificate that the peers would take.
  rm -f "$to/.$prefix-ca-key" "$to/.$prefix-csr" "$to/$prefix-ca.srl" "$to/.srl"
}

make_tls() {
  local version=$1 to=$dir/tls-v$1 names name
  command -v openssl >/dev/null || die "openssl is missing"
  mkdir -p "$to"
  names=DNS:localhost,IP:127.0.0.1
  for name in $(tr ',' ' ' <<<"${TLS_NAMES:-$(hostname)}"); do names+=,DNS:$name; done
  [ -s "$to/tls-cert" ] || certificate "$to" tls "$names"
  [ -s "$to/cluster-tls-cert" ] || certificate "$to" cluster-tls DNS:agenda
  give "$to" "$version" "${TLS_FILES[@]}"
  echo "deploy with tls.yml and TLS_VERSION=$version; clients trust $to/tls-ca, or put a certificate of your own there first"
}

make_grafana() {
  local to=$dir/grafana
  mkdir -p "$to"
  random_hex | keep "$to" grafana-admin
  give "$to" 1 grafana-admin
}

case ${1:-} in
  '') make_new ;;
  --grafana) make_grafana ;;
  --rotate) is_version "${2:-}"; rotate "$2" ;;
  --tls) is_version "${2:-1}"; make_tls "${2:-1}" ;;
  *) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//p}' "$0"; exit 2 ;;
esac

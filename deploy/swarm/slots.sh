#!/usr/bin/env bash
# Brings each slot back to the host that has its volume. Swarm places slots by chance whenever all of them start anew (after
# "docker stack rm", after a power cut everywhere); a slot on another host finds an empty volume, and with most slots
# there no majority of the old disks comes together (docs/DEPLOY.md).
#
#   slots.sh note              while the stack runs well: writes into a label of each host which slots are there
#   slots.sh start [FILE...]   deploys the stack (stack.yml and the FILEs on top, of this folder or elsewhere) with each
#                              slot where it was noted; a stack that runs is stopped first
#
# STACK (agenda); SLOT_SECONDS_MAX (60): how long one slot may take to be placed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

stack=${STACK:-agenda}
service=${stack}_agenda
label=$stack-slots
SLOT_SECONDS_MAX=${SLOT_SECONDS_MAX:-60}

die() { echo "slots.sh: $*" >&2; exit 1; }
# The swarm refuses a change when another one of the same thing comes in between ("update out of sequence").
again() {
  local _
  for _ in 1 2 3 4; do "$@" >/dev/null 2>&1 && return; sleep 1; done
  "$@" >/dev/null
}
nodes() { docker node ls --filter node.label=agenda=true --format '{{.Hostname}}'; }
noted() { docker node inspect --format "{{index .Spec.Labels \"$label\"}}" "$1"; }
# "slot host state" of each task that is to run
tasks() {
  docker service ps "$service" --filter desired-state=running --format '{{.Name}} {{if .Node}}{{.Node}}{{else}}-{{end}} {{.CurrentState}}' |
    awk '{ n = split($1, part, "."); print part[n], $2, $3 }'
}

note() {
  local all node slots
  all=$(tasks)
  if grep -qv ' Running$' <<<"$all"; then die "not all tasks run: note where they are when all is well"; fi
  for node in $(nodes); do
    slots=$(awk -v node="$node" '$2 == node { print $1 }' <<<"$all" | sort -n | paste -sd,)
    again docker node update --label-add "$label=$slots" "$node"
    echo "$node has ${slots:-no slots}"
  done
}

availability() { local to=$1 node; shift; for node in "$@"; do again docker node update --availability "$to" "$node"; done; }

# wait until WHAT: a test on the tasks, in awk, that prints "yes"
await() {
  local what=$1 test=$2 _
  for _ in $(seq $((SLOT_SECONDS_MAX * 2))); do
    [ "$(tasks | awk "$test")" = yes ] && return
    sleep 0.5
  done
  die "$what: not within $SLOT_SECONDS_MAX s"
}

hosts=()
start() {
  local files=(--compose-file "$here/stack.yml") file host slot
  local -A home=()
  mapfile -t hosts < <(nodes)
  for host in "${hosts[@]}"; do
    for slot in $(noted "$host" | tr ',' ' '); do home[$slot]=$host; done
  done
  [ ${#home[@]} -gt 0 ] || die "nothing is noted: deploy as usual, and run \"slots.sh note\" when all tasks run"
  for file in "$@"; do
    [ -e "$file" ] || file=$here/$file
    files+=(--compose-file "$file")
  done
  # Nothing is placed until one host at a time is opened for its slots; whatever happens, all are opened in the end.
  trap 'availability active "${hosts[@]}"' EXIT
  availability pause "${hosts[@]}"
  docker stack deploy --resolve-image never "${files[@]}" "$stack"
  again docker service scale --detach "$service=0"
  await "the old tasks are gone" '{ n++ } END { if (!n) print "yes" }'
  for slot in $(seq "${#home[@]}"); do
    host=${home[$slot]:-}
    [ -n "$host" ] || die "slot $slot is noted on no host, but higher ones are: note them anew"
    availability active "$host"
    again docker service scale --detach "$service=$slot"
    await "slot $slot on $host" "\$1 == $slot && \$2 == \"$host\" { print \"yes\" }"
    availability pause "$host"
    echo "slot $slot is on $host"
  done
}

case ${1:-} in
  note) note ;;
  start) shift; start "$@" ;;
  *) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//p}' "$0"; exit 2 ;;
esac

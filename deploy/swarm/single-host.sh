#!/usr/bin/env bash
# The stack on one host: "make swarm-up" and "make swarm-down". STACK (agenda), AGENDA_IMAGE (agenda-distribuida:latest)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

stack=${STACK:-agenda}
export AGENDA_IMAGE=${AGENDA_IMAGE:-agenda-distribuida:latest}
REPLICAS=7
UP_SECONDS_MAX=300
DOWN_SECONDS_MAX=120

die() { echo "swarm: $*" >&2; exit 1; }
command -v docker >/dev/null || die "docker is missing: install Docker Engine, or Debian's docker.io"
state=$(docker info --format '{{.Swarm.LocalNodeState}}' 2>/dev/null) || die "no Docker engine answers at ${DOCKER_HOST:-the default socket}: start one, or set DOCKER_HOST"

running() {
  docker service ps "${stack}_agenda" --filter desired-state=running --format '{{.CurrentState}}' 2>/dev/null | grep -c '^Running' || true
}

up() {
  docker image inspect "$AGENDA_IMAGE" >/dev/null 2>&1 || die "there is no image $AGENDA_IMAGE: run \"make image\" first"
  if [ "$state" != active ]; then
    docker swarm init --advertise-addr 127.0.0.1 >/dev/null
    echo "this engine is a swarm of one now (\"docker swarm leave --force\" ends that)"
  fi
  docker node update --label-add agenda=true "$(docker info --format '{{.Swarm.NodeID}}')" >/dev/null
  "$here/secrets.sh"
  docker stack deploy --resolve-image never --compose-file "$here/stack.yml" --compose-file "$here/single-host.yml" "$stack"
  for _ in $(seq "$UP_SECONDS_MAX"); do
    [ "$(running)" = "$REPLICAS" ] && { echo "$REPLICAS replicas are healthy: http://localhost:8080/ui/"; return; }
    sleep 1
  done
  docker service ps --no-trunc "${stack}_agenda" >&2
  die "only $(running) of $REPLICAS replicas are healthy after $UP_SECONDS_MAX s"
}

down() {
  [ "$state" = active ] || die "this engine is in no swarm: there is nothing to take down"
  docker stack rm "$stack"
  for _ in $(seq "$DOWN_SECONDS_MAX"); do
    [ -z "$(docker ps --quiet --filter "label=com.docker.stack.namespace=$stack")" ] && { echo "down; the volumes agenda-data-* and the secrets stay"; return; }
    sleep 1
  done
  die "some containers still run after $DOWN_SECONDS_MAX s"
}

case ${1:-} in
  up) up ;;
  down) down ;;
  *) die "usage: single-host.sh up|down" ;;
esac

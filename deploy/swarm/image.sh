#!/usr/bin/env bash
# Builds the image and says its size and how fast a pod starts from it, with a root file system that is read-only.
# BASE_IMAGE (node:26-bookworm-slim), IMAGE (agenda-distribuida:latest), BUILD_FLAGS for "docker build"
set -euo pipefail
cd "$(dirname "$0")/../.."

base=${BASE_IMAGE:-node:26-bookworm-slim}
image=${IMAGE:-agenda-distribuida:latest}
READY_SECONDS_MAX=60

die() { echo "make image: $*" >&2; exit 1; }
command -v docker >/dev/null || die "docker is missing: install Docker Engine, or Debian's docker.io"
docker version --format '{{.Server.Version}}' >/dev/null 2>&1 || die "no Docker engine answers at ${DOCKER_HOST:-the default socket}: start one, or set DOCKER_HOST"

version=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' package.json)
revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)
created=$(git log -1 --format=%cI 2>/dev/null || echo 1970-01-01T00:00:00Z)
# shellcheck disable=SC2086 # several flags may be given
docker build ${BUILD_FLAGS:-} --file deploy/swarm/Dockerfile --tag "$image" \
  --build-arg BASE_IMAGE="$base" --build-arg VERSION="$version" --build-arg REVISION="$revision" --build-arg CREATED="$created" .

# One pod with secrets that nobody knows, until it says that all of it is ready.
secret() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }
CLUSTER_HMAC_SECRET=$(secret) JWT_SECRET=$(secret) AUDIT_API_TOKEN=$(secret)
export CLUSTER_HMAC_SECRET JWT_SECRET AUDIT_API_TOKEN
id=$(docker run --detach --init --read-only --tmpfs /tmp --tmpfs /data:uid=1000,gid=1000 --network none --cap-drop ALL \
  --env NODE_ID=agenda-1 --env ADVERTISE_ADDR=127.0.0.1:7000 \
  --env CLUSTER_HMAC_SECRET --env JWT_SECRET --env AUDIT_API_TOKEN "$image")
trap 'docker rm --force --volumes "$id" >/dev/null' EXIT
ready=
for _ in $(seq $((READY_SECONDS_MAX * 5))); do
  ready=$(docker logs "$id" 2>/dev/null | sed -n 's/.*"time":"\([^"]*\)".*"type":"ready".*/\1/p')
  [ -n "$ready" ] && break
  sleep 0.2
done
[ -n "$ready" ] || { docker logs "$id" >&2; die "the pod was not ready within $READY_SECONDS_MAX s; its log is above"; }

started=$(docker inspect --format '{{.State.StartedAt}}' "$id")
seconds=$(awk -v a="$(date -d "$started" +%s.%N)" -v b="$(date -d "$ready" +%s.%N)" 'BEGIN { printf "%.1f", b - a }')
size() { docker image inspect --format '{{.Size}}' "$1"; }
awk -v all="$(size "$image")" -v base="$(size "$base")" -v name="$image" -v seconds="$seconds" 'BEGIN {
  printf "%s: %.0f MB, %.0f MB of them over the base image; a pod is ready %s s after its start\n", name, all / 1e6, (all - base) / 1e6, seconds }'

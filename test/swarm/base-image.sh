#!/usr/bin/env bash
# Builds a stand-in for node:26-bookworm-slim on a machine that reaches Debian's packages but no image registry:
# debootstrap, the Node that the npm packages bring, this machine's npm, and the user "node". For tests only.
# Usage: base-image.sh TAG    (needs root, debootstrap, a running engine, and `make install` done)
set -euo pipefail

tag=${1:?usage: base-image.sh TAG}
root=$(cd "$(dirname "$0")/../.." && pwd)
node=$("$root/node_modules/.bin/node" -p process.execPath)
# Not `npm root`: that is where the Node that runs npm would look, which need not be the one that it came with.
npm=$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")
suite=bookworm
missing=()
for tool in debootstrap docker; do command -v "$tool" >/dev/null || missing+=("$tool"); done
[ "$(id -u)" = 0 ] || missing+=("the rights of root")
[ -d "$npm" ] || missing+=("npm's own files in $npm")
if [ ${#missing[@]} -gt 0 ]; then
  printf 'base-image: missing: %s\n' "${missing[@]}" >&2
  exit 1
fi

work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
debootstrap --variant=minbase --include=ca-certificates,libatomic1,libstdc++6 "$suite" "$work/fs" http://deb.debian.org/debian >"$work/log" 2>&1 ||
  { tail -20 "$work/log" >&2; exit 1; }

fs=$work/fs
install -D -m 755 "$node" "$fs/usr/local/bin/node"
mkdir -p "$fs/usr/local/lib/node_modules"
cp -r "$npm" "$fs/usr/local/lib/node_modules/npm"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$fs/usr/local/bin/npm"
# What this machine trusts, the stand-in trusts: its way to the package registry may be its own.
cp /etc/ssl/certs/ca-certificates.crt "$fs/etc/ssl/certs/ca-certificates.crt"
mkdir -p "$fs/usr/local/etc" && echo 'cafile=/etc/ssl/certs/ca-certificates.crt' >"$fs/usr/local/etc/npmrc"
chroot "$fs" groupadd --gid 1000 node
chroot "$fs" useradd --uid 1000 --gid node --shell /bin/bash --create-home node
rm -rf "$fs"/var/cache/apt/* "$fs"/var/lib/apt/lists/* "$fs"/usr/share/{doc,man,locale,info}/* "$fs"/var/log/*.log

tar -C "$fs" -c . | docker import \
  --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
  --change "ENV NODE_VERSION=$("$node" -p process.versions.node)" \
  --change 'CMD ["node"]' - "$tag" >/dev/null
echo "base-image: $tag stands in for node:26-bookworm-slim, $(docker image inspect -f '{{.Size}}' "$tag" | awk '{printf "%.0f MB", $1 / 1e6}')"

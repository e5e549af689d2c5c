# For scripts that prove something in a bare Debian 12 (sourced, bash). They set `root`, its folder.

# The mirror to take packages from: $DEBIAN_MIRROR, else what apt takes Debian 12 from here.
debian_mirror() {
  local site
  [ -z "${DEBIAN_MIRROR:-}" ] || { echo "$DEBIAN_MIRROR"; return; }
  site=$(apt-get indextargets --format '$(SITE) $(RELEASE) $(COMPONENT)' 2>/dev/null |
    sed -n 's|^\(https\{0,1\}://[^ ]*\) bookworm main$|\1|p' | head -n 1) || true
  echo "${site:-http://deb.debian.org/debian}"
}

# Why no such root can be made here; nothing if one can.
debian_root_problem() {
  if [ "$(id -u)" != 0 ]; then
    echo "needs root"
  elif ! command -v debootstrap >/dev/null; then
    echo "needs the package debootstrap"
  elif ! unshare --mount --pid --fork true 2>/dev/null; then
    echo "may not make a mount namespace here"
  fi
}

# Makes $root, which holds nothing but Debian's essential packages and apt.
make_debian_root() {
  if grep -q " $root" /proc/mounts; then
    echo "something is mounted under $root; unmount it first" >&2
    return 1
  fi
  rm -rf --one-file-system "$root"
  debootstrap --variant=minbase bookworm "$root" "$(debian_mirror)"
}

# in_debian_root FOLDER COMMAND: has the root's shell run the command in a folder of it. /proc and /dev
# are there, in a mount namespace of their own: what is mounted goes away with it.
in_debian_root() {
  unshare --mount --pid --fork bash -euo pipefail -c '
    mount -t proc proc "$1/proc"
    mount --rbind /dev "$1/dev"
    exec chroot "$1" /usr/bin/env -i HOME=/root LANG=C.UTF-8 CI="${CI:-}" \
      PATH=/usr/sbin:/usr/bin:/sbin:/bin http_proxy="${http_proxy:-}" https_proxy="${https_proxy:-}" \
      sh -euc "cd $2 && $3"' in-debian-root "$root" "$1" "$2"
}

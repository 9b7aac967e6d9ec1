# What dev/run, dev/test and dev/install share. Sourced by bash, with `set -euo pipefail` on.

larder_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '\n== %s\n' "$*"; }
die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# The packages of the named sections of dev/packages, one a line.
packages_of() {
    local section
    for section in "$@"; do
        awk -v want="[$section]" '
            { sub(/#.*/, "") }
            /^\[/ { inside = ($1 == want); seen = seen || inside; next }
            inside && NF { print $1 }
            END { exit !seen }' "$larder_root/dev/packages" || die "dev/packages has no section [$section]"
    done
}

# Those of the given packages that are not installed. Needs no network: the second call is quick.
missing_packages() {
    local have
    have=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null | awk '$1 == "installed" { print $2 }' || true)
    printf '%s\n' "$@" | grep -vxF -f <(printf '%s\n' "$have") || true
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Runs a command while services cannot start by being installed: a build must not open ports on the
# machine. A policy-rc.d that is there already is the administrator's, and stays in charge. The body
# is a subshell, so that the trap cleans up even when the command fails or is interrupted.
without_services() (
    policy=/usr/sbin/policy-rc.d
    if ! [ -e "$policy" ] && ! [ -L "$policy" ]; then
        trap 'as_root rm -f "$policy"' EXIT
        trap 'exit 130' INT TERM
        printf '#!/bin/sh\n# Put here by a build for as long as it installs packages.\nexit 101\n' |
            as_root install -m 0755 /dev/stdin "$policy"
    fi
    "$@"
)

apt_install() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120 \
        install --no-install-recommends "$@" </dev/null
}

# install_packages SECTION…: installs what is missing of these sections, and asks apt for nothing else.
install_packages() {
    local names missing
    names=$(packages_of "$@")
    # shellcheck disable=SC2086 # package names hold no spaces
    missing=$(missing_packages $names)
    [ -n "$missing" ] || return 0
    command -v apt-get >/dev/null || die "this needs Debian's apt-get; to install otherwise: ${missing//$'\n'/ }"
    if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
        die "not root, and no sudo: as root, first run  apt-get install ${missing//$'\n'/ }"
    fi
    say "installing ${missing//$'\n'/ }"
    as_root apt-get -q -o DPkg::Lock::Timeout=120 update </dev/null ||
        die "apt-get update failed: this machine's apt sources must work first"
    # shellcheck disable=SC2086
    without_services apt_install $missing || die "apt-get could not install the packages above"
}

# How many compilers at once: one a core, but 1 GiB of free memory for each (sources with Asio take 0.7).
build_jobs() {
    local cores gib
    cores=$(nproc)
    gib=$(awk '/^MemAvailable:/ { print int($2 / 1048576) }' /proc/meminfo 2>/dev/null || echo "$cores")
    if [ "$gib" -lt 1 ]; then gib=1; fi
    if [ "$gib" -lt "$cores" ]; then echo "$gib"; else echo "$cores"; fi
}

# build PRESET [TARGET…]
build() {
    local preset=$1 log targets=()
    shift
    if [ $# -gt 0 ]; then targets=(--target "$@"); fi
    cd "$larder_root" || exit
    mkdir -p "build/$preset"
    log=build/$preset/configure.log
    if ! cmake --preset "$preset" >"$log" 2>&1; then
        cat "$log" >&2
        die "configuring the $preset build failed (the output is above, and in $log)"
    fi
    cmake --build --preset "$preset" -j "$(build_jobs)" "${targets[@]}" || die "the $preset build failed"
}

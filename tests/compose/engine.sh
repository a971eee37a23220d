# A private Docker engine, and base images made by debootstrap; read by scripts/test_compose. Nothing of the machine's own engine is touched,
# if there is one, and no image is pulled. Needs root.
# shellcheck shell=bash

docker=/usr/bin/docker # Debian's: another one that comes first in PATH may want a newer engine

# start_engine DIR: everything it has lies in DIR, an absolute path; sets DOCKER_HOST and engine_pid.
# No bridge and no iptables: networks that a compose file makes, names of services and published loopback ports work all the same,
# but nothing reaches the outside, so that builds need the host's network (override.yaml).
start_engine() {
    local dir=$1
    export DOCKER_HOST=unix://$dir/docker.sock DOCKER_BUILDKIT=0 COMPOSE_DOCKER_CLI_BUILD=1
    # A build takes all cores for minutes; its containers inherit the niceness.
    setsid nice -n 10 dockerd --data-root "$dir/data" --exec-root "$dir/exec" --pidfile "$dir/dockerd.pid" -H "$DOCKER_HOST" \
        --iptables=false --bridge=none --ip-forward=false >"$dir/dockerd.log" 2>&1 </dev/null &
    engine_pid=$!
    for _ in $(seq 300); do
        if $docker info >/dev/null 2>&1; then return 0; fi
        kill -0 "$engine_pid" 2>/dev/null || break
        sleep 0.1
    done
    tail -n 20 "$dir/dockerd.log" >&2
    return 1
}

# stop_engine DIR: and what it has mounted.
stop_engine() {
    local dir=$1
    [ -n "${engine_pid:-}" ] || return 0
    kill "$engine_pid" 2>/dev/null || true
    for _ in $(seq 300); do
        kill -0 "$engine_pid" 2>/dev/null || break
        sleep 0.1
    done
    engine_pid=
    umount "$dir"/exec/netns/* 2>/dev/null || true # the host's network, for builds
}

# base_image DIR SUITE: debian:SUITE-slim, unless the engine has it. Builds get what this machine needs to reach the registries of Debian
# and npm (its apt configuration and authorities), so that no Dockerfile has to know of it. The root stays in DIR/root-SUITE.
base_image() {
    local dir=$1 suite=$2 root=$1/root-$2 mirror
    if $docker image inspect "debian:$suite-slim" >/dev/null 2>&1 && [ -d "$root" ]; then return 0; fi
    mirror=$(awk '/^URIs:/ { print $2; exit }' /etc/apt/sources.list.d/debian.sources)
    rm -rf "$root"
    debootstrap --variant=minbase "$suite" "$root" "$mirror" >"$dir/debootstrap-$suite.log" 2>&1 || { tail "$dir/debootstrap-$suite.log" >&2; return 1; }
    rm -rf "$root"/usr/share/{doc,man,info,locale}/* "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*
    cp -n /etc/apt/apt.conf.d/* "$root/etc/apt/apt.conf.d/"
    mkdir -p "$root/etc/ssl/certs"
    cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/authorities-of-this-machine.crt"
    tar -C "$root" --numeric-owner -c . | $docker import -c 'CMD ["bash"]' \
        -c 'ENV NODE_EXTRA_CA_CERTS=/etc/authorities-of-this-machine.crt npm_config_cafile=/etc/authorities-of-this-machine.crt' \
        - "debian:$suite-slim" >/dev/null
}

#!/bin/bash
# Tunes a Linux host for sending load: file descriptors, ephemeral ports, TIME-WAIT, backlogs, socket buffers.
#
#   tune-system-limits.sh              apply, now and for every boot
#   tune-system-limits.sh --check      a table: setting, now, wanted, ok; exit 1 where something is not as wanted
#   tune-system-limits.sh --dry-run    what would be changed
#   tune-system-limits.sh --revert     back to what was found at the first time
#
# Amazon Linux 2023, Debian, Ubuntu. May be run again and again. What was found at first is kept under STATE.
set -euo pipefail

ROOT="${VOLLEY_ROOT:-}"
SYSCTL_FILE="$ROOT/etc/sysctl.d/90-volley.conf"
LIMITS_FILE="$ROOT/etc/security/limits.d/90-volley.conf"
SYSTEMD_FILE="$ROOT/etc/systemd/system.conf.d/90-volley.conf"
STATE="$ROOT/var/lib/volley/sysctl-before.conf"
NOFILE=1048576

# name|wanted|rule|why. Rules: min, a number at least so large; eq, just this; range, ports from and to at least so far.
SETTINGS='
fs.file-max|2097152|min|every connection is a file: the whole host may have so many
fs.nr_open|1048576|min|and a single process so many
net.ipv4.ip_local_port_range|1024 65535|range|a connection needs a port of its own for each address that it goes to: 64,512 instead of 28,232
net.ipv4.tcp_tw_reuse|1|eq|a port in TIME-WAIT may be used again for a new outgoing connection after a second
net.ipv4.tcp_fin_timeout|15|max|connections that the other side does not close are given up sooner
net.ipv4.tcp_max_tw_buckets|262144|min|above this TIME-WAIT is cut short, and late packets may reach a new connection
net.core.somaxconn|4096|min|connections that may wait to be accepted, for a gateway on the same host
net.ipv4.tcp_max_syn_backlog|8192|min|connections that may be half open
net.core.netdev_max_backlog|16384|min|packets that may wait for the kernel at a burst
net.core.rmem_max|8388608|min|the largest receive buffer that a socket may have
net.core.wmem_max|8388608|min|the largest send buffer
net.ipv4.tcp_slow_start_after_idle|0|eq|an idle connection keeps its window: a pause between requests costs no round trips
net.netfilter.nf_conntrack_max|1048576|min|where connections are tracked, so many: a full table drops packets
'

usage() { sed -n '2,10p' "$0" | sed 's/^# \{0,1\}//'; }

# The value now, white space folded; nothing where this kernel has no such setting.
now() {
  local path="/proc/sys/${1//./\/}"
  if [ -r "$path" ]; then tr -s '[:space:]' ' ' <"$path" | sed 's/ $//'; fi
}

# Whether a value is as wanted: VALUE WANTED RULE.
is_ok() {
  case "$3" in
    min) [ "$1" -ge "$2" ] ;;
    max) [ "$1" -le "$2" ] ;;
    eq) [ "$1" = "$2" ] ;;
    range)
      # shellcheck disable=SC2086 # two numbers each
      set -- $1 $2
      [ "$1" -le "$3" ] && [ "$2" -ge "$4" ]
      ;;
  esac
}

each_setting() {
  local name wanted rule why
  while IFS='|' read -r name wanted rule why; do
    if [ -n "$name" ]; then "$1" "$name" "$wanted" "$rule" "$why"; fi
  done <<<"$SETTINGS"
}

bad=0
show() {
  local value ok
  value=$(now "$1")
  if [ -z "$value" ]; then
    ok="not on this kernel"
  elif is_ok "$value" "$2" "$3"; then
    ok="ok"
  else
    ok="NO"
    bad=1
  fi
  printf '%-38s %-16s %-16s %s\n' "$1" "${value:-–}" "$2" "$ok"
}

check() {
  printf '%-38s %-16s %-16s %s\n' setting now wanted ok
  each_setting show
  local files ok=ok
  files=$(ulimit -Hn)
  if [ "$files" != unlimited ] && [ "$files" -lt 65536 ]; then
    ok="NO"
    bad=1
  fi
  printf '%-38s %-16s %-16s %s\n' "open files of a process (hard)" "$files" "65536" "$ok"
  return "$bad"
}

remember() {
  local value
  value=$(now "$1")
  if [ -n "$value" ]; then printf '%s = %s\n' "$1" "$value"; fi
}

wanted_line() {
  local value
  value=$(now "$1")
  if [ -n "$value" ] && ! is_ok "$value" "$2" "$3"; then printf '# %s\n%s = %s\n' "$4" "$1" "$2"; fi
}

persisted_line() { if [ -n "$(now "$1")" ]; then printf '# %s\n%s = %s\n' "$4" "$1" "$2"; fi; }

# Sets one value now; a setting of the whole host that a namespace may not change is said and passed over.
set_now() {
  local value
  value=$(now "$1")
  if [ -z "$value" ] || is_ok "$value" "$2" "$3"; then return 0; fi
  if printf '%s' "$2" 2>/dev/null >"/proc/sys/${1//./\/}"; then
    printf '%s: %s -> %s\n' "$1" "$value" "$2"
  else
    printf '%s: %s stays: it cannot be changed here\n' "$1" "$value"
  fi
}

apply() {
  mkdir -p "$(dirname "$STATE")" "$(dirname "$SYSCTL_FILE")" "$(dirname "$LIMITS_FILE")" "$(dirname "$SYSTEMD_FILE")"
  if [ ! -e "$STATE" ]; then each_setting remember >"$STATE"; fi
  { printf '# Written by tune-system-limits.sh; --revert takes it away.\n'; each_setting persisted_line; } >"$SYSCTL_FILE"
  printf '# Written by tune-system-limits.sh: connections are files.\n* soft nofile %s\n* hard nofile %s\nroot soft nofile %s\nroot hard nofile %s\n' \
    "$NOFILE" "$NOFILE" "$NOFILE" "$NOFILE" >"$LIMITS_FILE"
  printf '# Written by tune-system-limits.sh: the same for services.\n[Manager]\nDefaultLimitNOFILE=%s\n' "$NOFILE" >"$SYSTEMD_FILE"
  each_setting set_now
  printf 'Kept for every boot in %s, %s and %s. New sessions have the new limit of open files.\n' "$SYSCTL_FILE" "$LIMITS_FILE" "$SYSTEMD_FILE"
}

revert() {
  rm -f "$SYSCTL_FILE" "$LIMITS_FILE" "$SYSTEMD_FILE"
  if [ ! -e "$STATE" ]; then
    printf 'Nothing to revert: this host was not tuned.\n'
    return 0
  fi
  local name value
  while IFS='=' read -r name value; do
    name=${name% }
    value=${value# }
    if [ "$(now "$name")" != "$value" ] && printf '%s' "$value" 2>/dev/null >"/proc/sys/${name//./\/}"; then
      printf '%s -> %s\n' "$name" "$value"
    fi
  done <"$STATE"
  rm -f "$STATE"
}

need_root() {
  if [ "$(id -u)" != 0 ]; then
    printf 'tune-system-limits.sh: run it as root (sudo)\n' >&2
    exit 2
  fi
}

case "${1:-}" in
  --check) check ;;
  --dry-run) each_setting wanted_line ;;
  --revert) need_root && revert ;;
  --help | -h) usage ;;
  "") need_root && apply ;;
  *)
    usage >&2
    exit 2
    ;;
esac

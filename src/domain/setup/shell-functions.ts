/**
 * The functions of the setup script, POSIX shell. What a script makes is recorded in /run, by name, with the command that takes it
 * away and with the real servers that use it: so it is taken away once, by the last of them, and what others made never is.
 * Both live as long as the kernel's settings do, until the next boot. Names begin with a digit: things are taken away in
 * their order.
 */

import { RULE_PRIORITY } from './needs.js';

/** Every script has these. */
export const COMMON = `fail() {
  printf 'lvsd setup: %s\\n' "$*" >&2
  exit 1
}

# Takes away what this real server has made, no longer wants, and no other real server uses.
drop_rest() {
  for record in "$state"/*/users/"$user"; do
    [ -e "$record" ] || continue
    thing=\${record%/users/*}
    case $wanted in *" \${thing##*/} "*) continue ;; esac
    if [ "$(ls "$thing/users")" = "$user" ]; then
      sh "$thing/undo" 2>/dev/null || :
      rm -r "$thing"
    else
      rm "$record"
    fi
  done
  rmdir "$state" /run/lvsd-setup 2>/dev/null || :
}
`;

/** And these, if it makes anything. */
export const RECORDING = `# begin NAME UNDO: NAME is about to be made, and the command UNDO takes it away.
begin() {
  mkdir -p "$state/$1/users"
  printf '%s\\n' "$2" >"$state/$1/undo"
}

# use NAME: this real server needs it. What was there before us has no record, and is left alone.
use() {
  wanted="$wanted $1 "
  [ ! -d "$state/$1" ] || : >"$state/$1/users/$user"
}
`;

/** By the name of the function; a script has those that it calls. */
export const FUNCTIONS = {
  require_here: `# require_here ADDRESS: this is the host that has it.
require_here() {
  [ -n "$(ip -o address show to "$1")" ] || fail "this host does not have $1: run this on the real server that has"
}
`,
  require_silent: `# require_silent VIP: no interface that answers for its addresses has it.
require_silent() {
  for device in $(ip -o address show to "$1" | awk '{ print $2 }'); do
    case $(ip -o link show dev "$device") in
      *LOOPBACK* | *NOARP*) ;;
      *) fail "$1 is on $device, which tells the network so: a real server has it where nobody asks; ip address del it there" ;;
    esac
  done
}
`,
  require_ipv6: `# require_ipv6 DEVICE: it may have IPv6 addresses.
require_ipv6() {
  off=$(cat "/proc/sys/net/ipv6/conf/$1/disable_ipv6" 2>/dev/null) || fail "this kernel has no IPv6"
  [ "$off" = 0 ] || fail "IPv6 is off: sysctl -w net.ipv6.conf.$1.disable_ipv6=0"
}
`,
  require_neighbour: `# require_neighbour ADDRESS: it can be reached without a router.
require_neighbour() {
  case $(ip -o route get "$1" 2>&1) in
    local*) fail "$1 is an address of this host: name the director's" ;;
    *" via "*) fail "$1 is behind a router: replies cannot be sent to it directly; use method fullnat, or route them there" ;;
    *" dev "*) ;;
    *) fail "there is no route to $1" ;;
  esac
}
`,
  write_sysctl: `# write_sysctl NAME KEY VALUE: of /proc/sys; undone unless somebody else has written it since.
write_sysctl() {
  begin "$1" "[ \\"\\$(cat '/proc/sys/$2')\\" = $3 ] && echo $(cat "/proc/sys/$2") >'/proc/sys/$2'"
  echo "$3" >"/proc/sys/$2"
}
`,
  at_least: `# at_least KEY VALUE
at_least() {
  [ -e "/proc/sys/$1" ] || fail "this kernel has no $1"
  name=4-sysctl-$(printf %s "$1" | tr / .)
  [ "$(cat "/proc/sys/$1")" -ge "$2" ] || write_sysctl "$name" "$1" "$2"
  use "$name"
}
`,
  switch_off: `# switch_off KEY
switch_off() {
  name=4-sysctl-$(printf %s "$1" | tr / .)
  [ "$(cat "/proc/sys/$1")" = 0 ] || write_sysctl "$name" "$1" 0
  use "$name"
}
`,
  address: `# address ADDRESS/LENGTH DEVICE OPTION...: never the source of a connection that this host opens.
address() {
  name=1-address-\${1%/*}-$2
  if [ -z "$(ip -o address show dev "$2" to "$1")" ]; then
    begin "$name" "ip address del $1 dev $2"
    ip address add "$1" dev "$2" "$3" "$4" \${5:-}
  fi
  use "$name"
}
`,
  tunnel: `# tunnel DEVICE TYPE LOCAL OPTION...: takes what arrives for LOCAL out of its outer header.
tunnel() {
  device=$1 type=$2 endpoint=$3
  shift 3
  if ! ip link show dev "$device" >/dev/null 2>&1; then
    begin "5-link-$device" "ip link del dev $device"
    ip link add name "$device" type "$type" local "$endpoint" "$@" ||
      fail "no tunnel of type $type: is its kernel module there, and is there no other such tunnel for $endpoint?"
  fi
  ip link set dev "$device" up
  use "5-link-$device"
}
`,
  fou: `# fou FAMILY PORT: UDP packets to the port are GUE. The list has the receivers of both families.
fou() {
  # Nothing loads these on demand.
  case $1 in -6) modprobe -q fou6 ;; *) modprobe -q fou ;; esac || :
  if ! ip fou show | awk -v family="$1" -v port="$2" \
    '$2 == port && $3 == "gue" && (family == "-6") == / -6( |$)/ { found = 1 } END { exit !found }'; then
    begin "6-fou$1-$2" "ip $1 fou del port $2"
    ip "$1" fou add port "$2" gue || fail "UDP port $2 cannot be opened for GUE: kernel module fou missing, or port in use?"
  fi
  use "6-fou$1-$2"
}
`,
  reply_route: `# reply_route FAMILY SOURCE GATEWAY TABLE: what the rules send to the table goes by the gateway.
reply_route() {
  device=$(ip -o "$1" route get "$3" | sed 's/.* dev \\([^ ]*\\).*/\\1/')
  case $(ip "$1" route show table "$4" 2>/dev/null) in
    "default via $3 dev $device "*) ;;
    *)
      begin "3-route$1-$4" "ip $1 route del default table $4"
      ip "$1" route replace default via "$3" dev "$device" src "$2" table "$4"
      ;;
  esac
  use "3-route$1-$4"
}
`,
  reply_rule: `# reply_rule FAMILY TABLE SELECTOR...: what goes by the table.
reply_rule() {
  family=$1 table=$2
  shift 2
  name=2-rule$family-$table-$(printf %s "$*" | tr ' /' _.)
  if [ -z "$(ip "$family" rule show priority ${RULE_PRIORITY} "$@" table "$table")" ]; then
    begin "$name" "ip $family rule del priority ${RULE_PRIORITY} $* table $table"
    ip "$family" rule add priority ${RULE_PRIORITY} "$@" table "$table" ||
      fail "the kernel refuses the rule: by protocol and port it needs Linux 4.17; without, send all replies by the director (ip route)"
  fi
  use "$name"
}
`,
  loosen: `# loosen ADDRESS: its interface takes packets from clients to whom the route leads elsewhere.
loosen() {
  device=$(ip -o address show to "$1" | awk '{ print $2; exit }')
  both=$(cat /proc/sys/net/ipv4/conf/all/rp_filter "/proc/sys/net/ipv4/conf/$device/rp_filter" | tr -d '\\n')
  [ "$both" = 00 ] || at_least "net/ipv4/conf/$device/rp_filter" 2
}
`,
  refuse_redirects: `# refuse_redirects FAMILY ADDRESS: a director on the segment of the router tells hosts to go past it; a host heeds
# that unless both conf.all and the interface say no (IPv6: the interface).
refuse_redirects() {
  device=$(ip -o address show to "$2" | awk '{ print $2; exit }')
  if [ "$1" = -4 ]; then
    switch_off net/ipv4/conf/all/accept_redirects
    switch_off "net/ipv4/conf/$device/accept_redirects"
  else
    switch_off "net/ipv6/conf/$device/accept_redirects"
  fi
}
`,
} as const;

export type ShellFunction = keyof typeof FUNCTIONS;

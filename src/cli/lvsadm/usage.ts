/** What -h prints. */
import { version } from '../../package-root.js';
import { OWN_SETTINGS } from './options.js';

/** The version of ipvsadm whose command line this is, and of IPVS that it knows. */
export const VERSION_LINE = `lvsadm ${version} (command line of ipvsadm 1.31, IPVS 1.2.1)\n`;

export const HINT = "Try `lvsadm -h' or 'lvsadm --help' for more information.";

const COMMAND_LINES = `Works as ipvsadm does, on the director that lvsd steers, through lvsd: checked, kept, and in the audit log.

Commands, one of which comes first:
  -A, --add-service SERVICE      add a virtual service    [-s -p -M --pe -o -b]
  -E, --edit-service SERVICE     set all of its options   [-s -p -M --pe -o -b]
  -D, --delete-service SERVICE   delete it with its real servers, at once
  -C, --clear                    delete every virtual service of the cluster (--cluster)
  -a, --add-server SERVICE -r SERVER      add a real server       [-g -i -m -w -x -y --tun-*]
  -e, --edit-server SERVICE -r SERVER     set all of its options  [-g -i -m -w -x -y --tun-*]
  -d, --delete-server SERVICE -r SERVER   delete it, at once
  -L, -l, --list [SERVICE]       print the kernel's table, also what lvsd does not manage
  -S, --save                     print it as commands for -R
  -R, --restore                  read commands from standard input, one a line
  -Z, --zero [SERVICE]           zero counters, of all services or of one
      --set TCP TCPFIN UDP       set timeouts in seconds; 0 leaves one as it is
      --start-daemon master|backup   start a connection synchronisation daemon [--syncid --mcast-* --sync-maxlen]
      --stop-daemon master|backup    stop it
  -h, --help                     print this
  -v, --version                  print the version

SERVICE is one of
  -t, --tcp-service HOST[:PORT]  -u, --udp-service HOST[:PORT]  --sctp-service HOST[:PORT]
  -f, --fwmark-service MARK      a firewall mark from 1; with -6, --ipv6 after it: of IPv6
SERVER is
  -r, --real-server HOST[:PORT]  its port is the service's with -g and -i

Options of services:
  -s, --scheduler NAME           rr wrr lc wlc lblc lblcr dh sh sed nq fo ovf mh twos (wlc)
  -p, --persistent [SECONDS]     a client stays with its real server (360)
  -M, --netmask MASK             clients of one network count as one: a mask, for IPv6 a length
      --pe ENGINE                persistence engine: sip
  -o, --ops                      schedule every datagram by itself
  -b, --sched-flags FLAGS        sh-fallback,sh-port,mh-fallback,mh-port
Options of real servers:
  -g, --gatewaying               direct routing (the default)
  -i, --ipip                     a tunnel, --tun-type ipip|gue|gre (ipip), --tun-port PORT,
                                 --tun-nocsum, --tun-csum or --tun-remcsum
  -m, --masquerading             NAT
  -w, --weight WEIGHT            0 to 65535 (1)
  -x, --u-threshold N            no new connections from N on
  -y, --l-threshold N            new connections again below N
Options of -L:
  -n, --numeric                  numbers instead of names
  -c, --connection               connections          --timeout          timeouts
      --daemon                   daemons              --stats            totals
      --rate                     rates                --exact, -X        all digits
      --thresholds               thresholds           --persistent-conn  persistent connections
      --tun-info                 tunnels              --nosort           in the kernel's order (--sort: the default)
Options of daemons:
      --mcast-interface NAME (eth0)  --syncid 0..255 (0)  --mcast-group ADDRESS (224.0.0.81)
      --mcast-port PORT (8848)       --mcast-ttl TTL (1)  --sync-maxlen BYTES
`;

const OWN_LINES = OWN_SETTINGS.map(({ flag, variable, fallback, help }) => {
  const preset = fallback === '' ? '' : `, default ${fallback}`;
  return `  ${flag.padEnd(22)} ${help} (${variable}${preset})`;
});

export const USAGE = `${VERSION_LINE}
${COMMAND_LINES}
Options of lvsd, anywhere:
${OWN_LINES.join('\n')}

Exit status: 0 done; 2 wrong usage; 255 refused, or an option that cannot be read; 1 nothing to list; 3 lvsd cannot be
reached, does not work, or does not allow it.
`;

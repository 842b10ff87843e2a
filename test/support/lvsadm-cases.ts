/**
 * What ipvsadm and lvsadm are both told, a line each, on empty tables: words between blanks, '' for an empty word. After each
 * line both must have said the same and ended the same; after the last, both kernels must hold the same.
 */
export interface LvsadmCase {
  readonly shows: string;
  readonly lines: readonly (string | Restore)[];
}

/** `-R` with this on standard input. */
export interface Restore {
  readonly restore: string;
}

const WEB = '-t 10.0.0.1:80';

export const TABLE_CASES: readonly LvsadmCase[] = [
  {
    shows: 'services of every protocol, by address and by firewall mark, in long and short forms',
    lines: [
      '-A -t 10.0.0.1:80',
      '--add-service --udp-service 10.0.0.1:53 --scheduler rr',
      '-A --sctp-service 10.0.0.1:9899 -s wrr',
      '-A -t [2001:db8::1]:443 -s lc',
      '--add-service --fwmark-service=7 -s=sed',
      '-Af7 -6 -snq',
      '-A -f 4294967295 --ipv6',
      '--add-service --tcp-service 10.0.0.2:http -s dh',
      '-A -u 10.0.0.2:domain -s lblc',
      '-A -t 10.2:81 -s lblcr',
      '-A -t 0x0a000009:0080 -s fo',
      '-A -t localhost:80 -s ovf',
      '-A -t ::2 -p',
      '-A -t [10.0.0.9]:80 -p',
    ],
  },
  {
    shows: 'persistence, masks, engines, one packet, scheduler flags',
    lines: [
      '-A -t 10.0.0.1:80 -p',
      '-A -t 10.0.0.2:80 -p30',
      '-A -t 10.0.0.3:80 --persistent=600 --netmask 255.255.255.0',
      '-A -t 10.0.0.4:0 -p -M 255.255.0.0 -s rr',
      '-A -t 10.0.0.5 -p 2678400',
      '-A -t [2001:db8::1]:80 -p 60 -M 64',
      '-A -p -M 64 -t [2001:db8::2]:80',
      '-A -f 5 -p -M 64 -6',
      '-A -f 6 -6 -p -M 56',
      '-A -u 10.0.0.1:5060 -p --pe sip',
      '-A -u 10.0.0.2:53 -o',
      '-A -u 10.0.0.3:53 --ops -s rr',
      '-A -f 8 -o',
      '-A -t 10.0.0.6:80 -s sh -b sh-fallback,sh-port',
      '-A -t 10.0.0.7:80 --scheduler mh --sched-flags mh-port',
      '-A -t 10.0.0.8:80 -s sh -b flag-1',
      '-A -t 10.0.0.9:80 -b flag-2 -s mh',
      "-A -t 10.0.0.10:80 -s rr -b ''",
      '-A -t 10.0.0.11:80 -M 255.255.255.0',
    ],
  },
  {
    shows: 'an edit of a service sets everything, and a deletion takes the real servers along',
    lines: [
      '-A -u 10.0.0.1:53 -s sh -b sh-port -p 60 -M 255.255.255.0 -o',
      '-a -u 10.0.0.1:53 -r 10.1.0.1',
      '-E -u 10.0.0.1:53',
      '--edit-service -u 10.0.0.1:53 -s mh -b mh-fallback -p',
      '-A -f 9 -s rr',
      '-E -f 9 -s wrr',
      '-a -f 9 -r 10.1.0.1',
      '-A -t 10.0.0.2:80',
      '-a -t 10.0.0.2:80 -r 10.1.0.2',
      '-D -t 10.0.0.2:80',
      '--delete-service -f 9',
      '-D -f 9',
      '-E -f 9',
      '-D -t 10.0.0.3:80',
    ],
  },
  {
    shows: 'real servers by every forwarding method, with weights and thresholds',
    lines: [
      `-A ${WEB} -s wrr`,
      `-a ${WEB} -r 10.1.0.1`,
      `--add-server ${WEB} --real-server 10.1.0.2:80 --gatewaying --weight 5`,
      `-a ${WEB} -r 10.1.0.3:81 -g`,
      `-a ${WEB} -r 10.1.0.4:8080 -m -w 0`,
      `-a ${WEB} -r 10.1.0.5 --masquerading -w65535`,
      `-a ${WEB} -r 10.1.0.6 -i -w 7`,
      `-a ${WEB} -r 10.1.0.7 --ipip --tun-type ipip`,
      `-a ${WEB} -r 10.1.0.8 -i --tun-type gue --tun-port 6080`,
      `-a ${WEB} -r 10.1.0.9 -i --tun-type gue --tun-port 6080 --tun-nocsum`,
      `-a ${WEB} -r 10.1.0.10 -i --tun-type gue --tun-port 6081 --tun-csum`,
      `-a ${WEB} -r 10.1.0.11 -i --tun-type gue --tun-port 6081 --tun-remcsum`,
      `-a ${WEB} -r 10.1.0.12 -i --tun-type gre`,
      `-a ${WEB} -r 10.1.0.13 -i --tun-type gre --tun-csum`,
      `-a ${WEB} -r [2001:db8::5]:80 -i`,
      `-a ${WEB} -r 2001:db8::6 -i`,
      `-a ${WEB} -r 10.1.0.14 -x 100 -y 50`,
      `-a ${WEB} -r 10.1.0.15 --u-threshold 7 --l-threshold=7`,
      `-a ${WEB} -r localhost:http -m`,
      `-a -r 10.1.0.16:90 ${WEB} -m`,
      '-A -f 3 -6',
      '-a -f 3 -6 -r [2001:db8::7]:80',
      '-a -f 3 -6 -r [2001:db8::8]:443 -m',
      '-a -f 3 -r 10.1.0.1 -6 -i',
      '-Ln --thresholds',
    ],
  },
  {
    shows: 'an edit of a real server sets everything, and deletions are at once',
    lines: [
      `-A ${WEB}`,
      `-a ${WEB} -r 10.1.0.1 -i --tun-type gue --tun-port 6080 --tun-csum -w 9 -x 10 -y 5`,
      `-e ${WEB} -r 10.1.0.1`,
      `-a ${WEB} -r 10.1.0.2:8080 -m`,
      `--edit-server ${WEB} -r 10.1.0.2:8080 -m -w 3 -x 4 -y 2`,
      `-a ${WEB} -r 10.1.0.3`,
      `-e ${WEB} -r 10.1.0.3 -i --tun-type gre --tun-csum`,
      `-e ${WEB} -r 10.1.0.3 -i --tun-type gue --tun-port 7`,
      `-a ${WEB} -r 10.1.0.4`,
      `-d ${WEB} -r 10.1.0.4`,
      `--delete-server ${WEB} -r 10.1.0.4`,
      `-d ${WEB} -r 10.1.0.9`,
      `-e ${WEB} -r 10.1.0.9`,
      `-d ${WEB} -r 10.1.0.2`,
      '-Ln --thresholds',
    ],
  },
  {
    shows: 'what the kernel refuses, in its words',
    lines: [
      `-A ${WEB}`,
      `-A ${WEB}`,
      `-A ${WEB} -s rr -p`,
      `-A ${WEB} -s nosuch`,
      '-A -t 10.0.0.2:80 -s nosuch',
      '-A -t 10.0.0.2:80 -s twos',
      '-A -t 10.0.0.2:80 -p --pe nosuch',
      `-E ${WEB} -s nosuch`,
      `-a ${WEB} -r 10.1.0.1`,
      `-a ${WEB} -r 10.1.0.1:8080`,
      `-a ${WEB} -r 10.1.0.1 -m -w 5`,
      `-a ${WEB} -r 224.0.0.1`,
      `-a ${WEB} -r 10.1.0.2 -x 5 -y 9`,
      `-a ${WEB} -r 10.1.0.2 -y 9`,
      `-e ${WEB} -r 10.1.0.1 -x 1 -y 2`,
      '-a -t 10.9.9.9:80 -r 10.1.0.1',
      '-e -t 10.9.9.9:80 -r 10.1.0.1',
      '-d -t 10.9.9.9:80 -r 10.1.0.1',
      '-Z -t 10.9.9.9:80',
      '-Ln -t 10.9.9.9:80',
    ],
  },
  {
    shows: 'wrong usage, in the words of ipvsadm',
    lines: [
      ...[
        '-A',
        '-A -t',
        `-A ${WEB} ${WEB}`,
        `-A ${WEB} -u 10.0.0.1:53`,
        `-A -D ${WEB}`,
        `-A --start-daemon master`,
      ],
      ...[`-A ${WEB} -w 4`, `-A ${WEB} extra`, `-A ${WEB} -n`, `-A ${WEB} -i`, `-A ${WEB} -6`, '-A -6 -f 5'],
      ...[
        '-A -t nohost:80',
        '-A -t 10.0.0.1:nosuchport',
        '-A -t 80',
        "-A -t ''",
        '-A -t [::1]',
        '-A -t 10.0.0.1:70000',
      ],
      ...['-A -t 10.0.0.1', `-A ${WEB} -o`, `-A ${WEB} -p0`, `-A ${WEB} -p abc`, `-A ${WEB} -p 2678401`],
      ...[
        `-A ${WEB} -b nosuch`,
        `-A ${WEB} -b sh-port -s wlc`,
        `-A ${WEB} -p -M nohost`,
        '-A -t [::1]:80 -p -M 129',
      ],
      ...['-A -f 0', '-A -f abc', '-A -f -1', '-A -f 4294967296'],
      ...[
        `-a ${WEB}`,
        `-a ${WEB} -r`,
        `-a ${WEB} -r nohost`,
        `-a ${WEB} -r 10.1.0.1 -m -g`,
        `-a ${WEB} -r 10.1.0.1 -w -1`,
      ],
      ...[`-a ${WEB} -r 10.1.0.1 -w x`, `-a ${WEB} -r 10.1.0.1 -x 2147483648`, `-a ${WEB} -r 10.1.0.1 -y -5`],
      ...[
        `-a ${WEB} -r [2001:db8::1]:80`,
        `-a ${WEB} -r [2001:db8::1] -i`,
        `-a ${WEB} -r 10.1.0.1 --tun-type gre`,
      ],
      ...[`-a ${WEB} -r 10.1.0.1 -i --tun-type foo`, `-a ${WEB} -r 10.1.0.1 -i --tun-type gue --tun-port 0`],
      ...[`-a ${WEB} -r 10.1.0.1 -i --tun-type gue`, `-a ${WEB} -r 10.1.0.1 -i --tun-csum`],
      ...[
        `-a ${WEB} -r 10.1.0.1 -i --tun-type gre --tun-remcsum`,
        `-a ${WEB} -r 10.1.0.1 -i --tun-type gre --tun-port 4`,
      ],
      `-a ${WEB} -r 10.1.0.1 -i --tun-type gue --tun-port 9 --tun-csum --tun-nocsum`,
      ...[
        `-d ${WEB} -r 10.1.0.1 -w 4`,
        `-D ${WEB} -s rr`,
        '-C -n',
        '-C foo',
        '--flush',
        '-Z -n',
        '-Z foo',
        '-Rn',
        '-R foo',
      ],
      ...[
        '-S -t 10.0.0.1:80',
        '-L -s rr',
        '-L foo',
        '-LZ',
        '-L -Z',
        '-L -Q',
        '-L --bogus',
        '-L --stats=4',
        '--list=3',
      ],
      ...[
        '-L --timeout --daemon',
        `-L ${WEB} --timeout`,
        '-L --timeout --stats',
        '-L -c --rate',
        '-L --daemon --persistent-conn',
      ],
      ...[
        '-L -c --timeout',
        `-L -c ${WEB}`,
        '-ln6',
        '-Lt',
        '-L -- -n',
        '-L -',
        'foo',
        'foo -L',
        '-- -L',
        '-n',
        '-Q',
        `--tcp 1 -A`,
      ],
      ...['--set', '--set 1 2', '--set 1 2 3 4', '--set a 2 3', '--set -1 2 3', '--set 2678401 2 3'],
      ...[
        '--start-daemon',
        '--start-daemon foo',
        '--stop-daemon',
        '--stop-daemon foo',
        '--start-daemon master --syncid 256',
      ],
      ...['--start-daemon backup --mcast-group 1.2.3.4', '--start-daemon backup --mcast-group 2001::1'],
      ...[
        '--start-daemon backup --mcast-port 0',
        '--start-daemon backup --mcast-ttl 0',
        '--start-daemon backup --sync-maxlen 0',
      ],
      '--stop-daemon master --mcast-interface lo',
    ],
  },
];

export const LIST_CASES: readonly LvsadmCase[] = [
  {
    shows: 'the list in every view, sorted and not, with names and with numbers',
    lines: [
      '',
      '-L',
      {
        restore: `-A -t 10.0.0.10:http -s wrr -p 60 -M 255.255.255.0
-a -t 10.0.0.10:80 -r 10.1.0.9:8080 -m -w 3 -x 9 -y 4
-a -t 10.0.0.10:80 -r 10.1.0.10 -g
-a -t 10.0.0.10:80 -r 127.0.0.1 -i --tun-type gue --tun-port 6080 --tun-remcsum
-A -u 10.0.0.2:5060 -p --pe sip -o
-A -t [2001:db8::1]:443 -s sh -b sh-port
-a -t [2001:db8::1]:443 -r [2001:db8::2]:443 -m
-A -t 127.0.0.1:80
-A -f 3 -s rr
-a -f 3 -r 127.0.0.1:80 -m
-A -f 3 -6
-a -f 3 -6 -r [2001:db8::3]:80 -i --tun-type gre --tun-csum
-A --sctp-service 10.0.0.3:9899
`,
      },
      ...[
        '',
        '-L',
        '-l',
        '--list --numeric',
        '-Ln --sort',
        '-ln --nosort -f 3',
        '-L --nosort -f 3 -6',
        '-Ln --exact',
      ],
      ...[
        '-Ln --stats',
        '-L --stats',
        '-Ln --stats --exact',
        '-LnX --stats',
        '-Ln --rate',
        '-L --rate --exact',
      ],
      ...[
        '-Ln --thresholds',
        '-L --thresholds',
        '-Ln --persistent-conn',
        '-L --persistent-conn',
        '-Ln --tun-info',
        '-L --tun-info',
      ],
      ...['-Ln --stats --rate --thresholds', '-Ln --thresholds --persistent-conn --tun-info'],
      ...[
        '-Ln -t 10.0.0.10:80',
        '-L -t 10.0.0.10:http',
        '-Ln -f 3 -6',
        '-L -f 3 --stats',
        '-Ln -u 10.0.0.2:5060 --thresholds',
      ],
      ...['-S', '-Sn', '--save --numeric'],
      ...['-Z', '-Z -t 10.0.0.10:80', '--zero --fwmark-service 3', '-Ln --stats'],
      ...['--clear', '-Ln', '-C', '-S'],
    ],
  },
  {
    shows: 'timeouts, of which 0 leaves one as it is',
    lines: [
      '-L --timeout',
      '--set 1000 60 90',
      '-Ln --timeout',
      '--set 0 0 0',
      '--set 800 0 70',
      '--list --timeout',
      '--set 0 120 300',
      '--set 900 0 0',
      '-L --timeout --exact',
    ],
  },
  {
    shows: 'connection synchronisation, with the defaults and with every option',
    lines: [
      '-L --daemon',
      '--stop-daemon master',
      '--start-daemon master --mcast-interface nosuch',
      '--start-daemon master --mcast-interface averyverylongname0',
      '--start-daemon=master --mcast-interface sync0',
      '--start-daemon master --mcast-interface sync0',
      '-Ln --daemon',
      '--start-daemon backup --mcast-interface sync0 --syncid 7 --sync-maxlen 2000 --mcast-group 239.1.2.3 --mcast-port 9999 --mcast-ttl 5',
      '--list --daemon',
      `-A ${WEB}`,
      `-a ${WEB} -r [2001:db8::1]:80 -i`,
      '--stop-daemon master --syncid 3',
      '-L --daemon',
      '--stop-daemon=backup',
      '--start-daemon master --mcast-group ff05::7 --mcast-interface sync0',
      '-L --daemon',
      '--stop-daemon master',
      '--stop-daemon master',
      '-L --daemon',
    ],
  },
  {
    shows: '-R goes on after what the kernel refuses, and ends with the status of its last line',
    lines: [
      { restore: `-A ${WEB}\n-A ${WEB}\n-A -t 10.0.0.2:80\n` },
      { restore: `-A -t 10.0.0.3:80\n-A ${WEB}\n` },
      { restore: '-A -t 10.0.0.4:80\n-A -t\n-A -t 10.0.0.5:80\n' },
      { restore: '-A -t 10.0.0.6:80\n-A -t nohost:80\n-A -t 10.0.0.7:80\n' },
      { restore: '# comment\n-A -t 10.0.0.8:80\n' },
      { restore: '-A -t 10.0.0.9:80 # comment\n-A -t 10.0.0.10:80\n' },
      { restore: '\n\n  -A   -t\t10.0.0.11:80  \r\n-a -t 10.0.0.11:80 -r 10.1.0.1' },
      { restore: 'ipvsadm -A -t 10.0.0.12:80\n-A -t "10.0.0.13:80"\n' },
      { restore: '-R\n-A -t 10.0.0.14:80\n' },
      { restore: '-A -t 10.0.0.15:80\n-Ln\n-S\n-A -t 10.0.0.16:80\n' },
      { restore: '' },
      { restore: '-A -t 10.0.0.17:80\n-Q\n-A -t 10.0.0.18:80\n' },
      { restore: 'foo bar -A -t 10.0.0.19:80\n-A -t 10.0.0.20:80\n' },
      {
        restore: `-A -t 10.0.0.21:80
-a -t 10.0.0.21:80 -r 10.1.0.1 -w 5
-a -t 10.0.0.21:80 -r 224.0.0.1
-a -t 10.0.0.21:80 -r 10.1.0.2 -m
-e -t 10.0.0.21:80 -r 10.1.0.1 -i
-E -t 10.0.0.21:80 -s rr -p
-A -t 10.0.0.22:80
-D -t 10.0.0.22:80
-a -t 10.0.0.21:80 -r 10.1.0.3
-d -t 10.0.0.21:80 -r 10.1.0.2:80
-a -t 10.9.9.9:80 -r 10.1.0.1
-e ${WEB} -r 10.1.0.77
-A -t 10.0.0.23:80
`,
      },
      { restore: '-A -t 10.0.0.24:80\n-C\n-A -t 10.0.0.25:80\n--set 901 121 301\n-Z\n-L --timeout\n' },
      '--set 900 120 300',
    ],
  },
];

/** What ipvsadm does and lvsd has no word for: refused with a sentence that says so, and nothing is changed. */
export const REFUSED: readonly (readonly [line: string, sentence: RegExp])[] = [
  ['-A -t 10.0.0.1:80 -s rr -b flag-1', /^lvsadm: rr has no flag-1: leave it out/],
  ['-A -u 10.0.0.1:80 --pe sip', /^lvsadm: --pe does nothing without -p: add -p/],
  ['-A -t 10.0.0.1:80 -p --pe sip', /^lvsadm: The sip engine reads UDP only/],
  ['-A -t 10.0.0.1:80 -p -M 255.0.255.0', /^lvsadm: -M 255\.0\.255\.0 is not a mask of leading ones/],
  ['-A -t 10.0.0.1:80 -p -M 0.0.0.0', /^lvsadm: -M 0\.0\.0\.0 is not a mask of leading ones/],
  ['-A -t 224.0.0.1:80', /^Invalid operation.*\nlvsadm: .*224\.0\.0\.1/],
  ['-A -t 0.0.0.0:80', /^Invalid operation.*\nlvsadm: .*0\.0\.0\.0/],
  ['-a -t 10.0.0.99:80 -r 10.1.0.1 -w 65536', /^lvsadm: The weight is 65536: lvsd takes 0 to 65535/],
];

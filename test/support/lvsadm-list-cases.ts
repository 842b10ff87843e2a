/** Cases of what is listed, of what is set on the director, and of -R. */
import type { LvsadmCase } from './lvsadm-cases.js';

const WEB = '-t 10.0.0.1:80';

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

/** Source NAT as text: what is found, what it means, and what makes it what is wanted. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Family, parseFrontend } from '../../src/domain/keys.js';
import { parseSaved } from '../../src/driver/linux/snat/chains.js';
import { type Change, type Plan, planChanges, TooManyPoolsError } from '../../src/driver/linux/snat/plan.js';
import type { PoolAddresses } from '../../src/driver/linux/snat/pools.js';
import { frontendOfMember, memberOf, parseSet, poolsWithSets } from '../../src/driver/linux/snat/sets.js';
import { configsOf, type FamilyState, isNothing, NOTHING } from '../../src/driver/linux/snat/state.js';

const WEB = 'tcp/192.0.2.10:80';
const DNS = 'udp/192.0.2.10:53';
const POOL = ['198.51.100.1', '198.51.100.2', '198.51.100.3'];

/** Undefined: no source NAT. */
type Wish = PoolAddresses | undefined;

function plan(state: FamilyState, wishes: Readonly<Record<string, Wish>>, family: Family = 'ipv4'): Plan {
  const changes = Object.entries(wishes).map(
    ([key, addresses]): Change => ({ frontend: parseFrontend(key), addresses }),
  );
  return planChanges(family, state, changes);
}

function made(wishes: Readonly<Record<string, Wish>>, family: Family = 'ipv4'): FamilyState {
  return plan(NOTHING, wishes, family).after();
}

function configs(state: FamilyState, family: Family = 'ipv4'): Record<string, PoolAddresses> {
  return Object.fromEntries([...configsOf(family, state)].map(([key, { addresses }]) => [key, addresses]));
}

function textOf({ grow, rules, shrink }: Plan): Record<string, string[]> {
  const lines = (text: string) => text.split('\n').filter((line) => line !== '');
  return { grow: lines(grow), rules: lines(rules), shrink: lines(shrink) };
}

/** What iptables-save would print of a state, among the rules of others. */
function saved({ chains }: FamilyState): string {
  return (['mangle', 'nat'] as const)
    .map((table) => {
      const { exists, rules, jumps } = chains[table];
      const chain = exists ? [':LVSD-FULLNAT - [0:0]'] : [];
      const others = ['-A POSTROUTING -s 10.0.0.0/8 -j MASQUERADE', '-A INPUT -j LVSD-FULLNATURAL'];
      return [`*${table}`, ':INPUT ACCEPT [7:400]', ...chain, ...others, ...jumps, ...rules, 'COMMIT'].join(
        '\n',
      );
    })
    .join('\n# Completed\n');
}

describe('the first frontend', () => {
  test('makes a set, then the chains, nat before the marks', () => {
    assert.deepEqual(textOf(plan(NOTHING, { [WEB]: null })), {
      grow: ['create lvsd4-1 hash:ip,port family inet maxelem 1048576', 'add lvsd4-1 192.0.2.10,tcp:80'],
      rules: [
        '*nat',
        ':LVSD-FULLNAT - [0:0]',
        '-A LVSD-FULLNAT -m connmark --mark 0x1000000/0xff000000 -m ipvs --vmethod MASQ -j MASQUERADE',
        '-I POSTROUTING -j LVSD-FULLNAT',
        'COMMIT',
        '*mangle',
        ':LVSD-FULLNAT - [0:0]',
        '-A LVSD-FULLNAT -m set --match-set lvsd4-1 dst,dst -j CONNMARK --set-xmark 0x1000000/0xff000000',
        '-A INPUT -m conntrack --ctstate NEW -j LVSD-FULLNAT',
        '-A OUTPUT -m conntrack --ctstate NEW -j LVSD-FULLNAT',
        'COMMIT',
      ],
      shrink: [],
    });
  });

  test('takes all with it, the marks before nat, the set last', () => {
    assert.deepEqual(textOf(plan(made({ [WEB]: null }), { [WEB]: undefined })), {
      grow: [],
      rules: [
        '*mangle',
        ':LVSD-FULLNAT - [0:0]',
        '-D INPUT -m conntrack --ctstate NEW -j LVSD-FULLNAT',
        '-D OUTPUT -m conntrack --ctstate NEW -j LVSD-FULLNAT',
        '-X LVSD-FULLNAT',
        'COMMIT',
        '*nat',
        ':LVSD-FULLNAT - [0:0]',
        '-D POSTROUTING -j LVSD-FULLNAT',
        '-X LVSD-FULLNAT',
        'COMMIT',
      ],
      shrink: ['destroy lvsd4-1'],
    });
    assert.ok(isNothing(plan(made({ [WEB]: null }), { [WEB]: undefined }).after()));
  });
});

describe('a further frontend', () => {
  test('of a pool in use is one entry of a set, coming and going', () => {
    const state = made({ [WEB]: null });
    const more = plan(state, { [DNS]: null });
    assert.deepEqual(textOf(more), { grow: ['add lvsd4-1 192.0.2.10,udp:53'], rules: [], shrink: [] });
    const less = plan(more.after(), { [WEB]: undefined });
    assert.deepEqual(textOf(less), { grow: [], rules: [], shrink: ['del lvsd4-1 192.0.2.10,tcp:80'] });
  });

  test('of another pool brings its rules, an address each', () => {
    const { rules } = textOf(plan(made({ [WEB]: null }), { [DNS]: POOL }));
    const match = '-A LVSD-FULLNAT -m connmark --mark 0x2000000/0xff000000 -m ipvs --vmethod MASQ';
    assert.deepEqual(
      rules?.filter((rule) => rule.includes('SNAT')),
      [
        `${match} -m statistic --mode nth --every 3 --packet 0 -j SNAT --to-source 198.51.100.1`,
        `${match} -m statistic --mode nth --every 2 --packet 0 -j SNAT --to-source 198.51.100.2`,
        `${match} -j SNAT --to-source 198.51.100.3`,
      ],
    );
  });

  test('that moves meets a pool at every moment', () => {
    const state = made({ [WEB]: null });
    const { grow, rules, shrink } = textOf(plan(state, { [WEB]: POOL }));
    assert.deepEqual(grow, [
      'create lvsd4-2 hash:ip,port family inet maxelem 1048576',
      'add lvsd4-2 192.0.2.10,tcp:80',
    ]);
    assert.deepEqual(
      rules?.filter((rule) => rule.startsWith('*')),
      ['*nat', '*mangle', '*nat'],
    );
    assert.equal(rules?.filter((rule) => rule.includes('MASQUERADE')).length, 1, 'in the first nat only');
    assert.deepEqual(shrink, ['destroy lvsd4-1']);
  });
});

test('what a set cannot hold has a rule, in the order in which IPVS looks the other way round', () => {
  const { grow, rules } = textOf(
    plan(NOTHING, { 'fwmark/ipv4/7': null, [WEB]: null, 'tcp/192.0.2.11:0': null }),
  );
  assert.equal(grow?.length, 2);
  const connmark = '-j CONNMARK --set-xmark 0x1000000/0xff000000';
  assert.deepEqual(
    rules?.filter((rule) => rule.endsWith(connmark)),
    [
      `-A LVSD-FULLNAT -d 192.0.2.11/32 -p tcp ${connmark}`,
      `-A LVSD-FULLNAT -m set --match-set lvsd4-1 dst,dst ${connmark}`,
      `-A LVSD-FULLNAT -m mark --mark 0x7 ${connmark}`,
    ],
  );
});

test('two hundred and fifty-five pools fit, one more does not', () => {
  const wishes = Array.from(
    { length: 255 },
    (_, i) => [`tcp/192.0.2.1:${i + 1}`, [`198.18.0.${i}`]] as const,
  );
  const state = made(Object.fromEntries(wishes));
  assert.equal(Object.keys(configs(state)).length, 255);
  assert.throws(() => plan(state, { [WEB]: null }), TooManyPoolsError);
  assert.doesNotThrow(() => plan(state, { [WEB]: ['198.18.0.7'] }));
});

describe('what was made', () => {
  const wishes = {
    ...{ [WEB]: null, [DNS]: POOL, 'sctp/192.0.2.10:2905': ['198.51.100.9'] },
    ...{ 'fwmark/ipv4/7': POOL, 'udp/192.0.2.11:0': null },
  };
  const wishes6 = { 'tcp/[2001:db8::10]:80': null, 'fwmark/ipv6/9': ['2001:db8::99'] };

  test('is read back from the programs as it was wanted', () => {
    for (const [family, wanted] of [
      ['ipv4', wishes],
      ['ipv6', wishes6],
    ] as const) {
      const state = made(wanted, family);
      const chains = parseSaved(saved(state));
      assert.deepEqual(chains, state.chains);
      assert.deepEqual(configs({ ...state, chains }, family), wanted);
    }
  });

  test('needs nothing when it is wanted once more', () => {
    assert.deepEqual(textOf(plan(made(wishes), wishes)), { grow: [], rules: [], shrink: [] });
  });
});

describe('what is not whole', () => {
  const fresh = () => made({ [WEB]: null, [DNS]: POOL, 'fwmark/ipv4/7': POOL });
  const all = { [WEB]: [], [DNS]: [], 'fwmark/ipv4/7': [] };

  for (const [what, edit, seen] of [
    ['a jump that is gone', (text: string) => text.replace(/^-A OUTPUT.*\n/m, ''), all],
    [
      'a jump that is there twice',
      (text: string) => text.replace(/^(-A POSTROUTING -j LVSD.*\n)/m, '$1$1'),
      all,
    ],
    ['a jump of another form', (text: string) => text.replace('--ctstate NEW', '--ctstate NEW,RELATED'), all],
    [
      'a rule of somebody else',
      (text: string) => text.replace(/^(-A LVSD)/m, '-A LVSD-FULLNAT -j RETURN\n$1'),
      all,
    ],
    ['a rule of a pool that is gone', (text: string) => text.replace(/^.*198\.51\.100\.2\n/m, ''), all],
    [
      'a pool that is gone',
      (text: string) => text.replace(/^.*LVSD-FULLNAT.*-j MASQUERADE\n/m, ''),
      undefined,
    ],
    ['a set that is not asked', (text: string) => text.replace(/^.*lvsd4-1 .*\n/m, ''), undefined],
  ] as const) {
    test(`is shown without addresses and made whole: ${what}`, () => {
      const state = fresh();
      const text = saved(state);
      assert.notEqual(edit(text), text);
      const broken = { ...state, chains: parseSaved(edit(text)) };
      const found = configs(broken);
      if (seen) assert.deepEqual(found, seen);
      else assert.deepEqual(found[WEB], []);
      const repaired = plan(broken, { [WEB]: null, [DNS]: POOL, 'fwmark/ipv4/7': POOL }).after();
      assert.deepEqual(configs(repaired), { [WEB]: null, [DNS]: POOL, 'fwmark/ipv4/7': POOL });
    });
  }

  test('is a set that is not asked, for its own frontends only', () => {
    const state = fresh();
    const chains = parseSaved(saved(state).replace(/^.*lvsd4-1 .*\n/m, ''));
    assert.deepEqual(configs({ ...state, chains }), { [WEB]: [], [DNS]: POOL, 'fwmark/ipv4/7': POOL });
  });

  test('is no emptied set: what it lacks is not there, the rest is as it was', () => {
    const { chains } = fresh();
    assert.deepEqual(
      configs({
        ...NOTHING,
        chains,
        sets: new Map([
          [1, new Set<string>()],
          [2, new Set<string>()],
        ]),
      }),
      {
        'fwmark/ipv4/7': POOL,
      },
    );
  });

  test('is a frontend in two sets', () => {
    const state = fresh();
    const sets = new Map(
      [...state.sets].map(([pool, members]) => [pool, new Set([...members, '192.0.2.10,tcp:80'])]),
    );
    assert.deepEqual(configs({ ...state, sets }), { [WEB]: [], [DNS]: POOL, 'fwmark/ipv4/7': POOL });
  });

  test('goes with any plan when it serves nobody', () => {
    const left = {
      ...NOTHING,
      sets: new Map([[4, new Set<string>()]]),
      strangeSets: [9],
      chains: parseSaved('*nat\n:LVSD-FULLNAT - [0:0]\n-A PREROUTING -j LVSD-FULLNAT\nCOMMIT\n'),
    };
    assert.deepEqual(configs(left), {});
    assert.deepEqual(textOf(plan(left, {})), {
      grow: [],
      rules: ['*nat', ':LVSD-FULLNAT - [0:0]', '-D PREROUTING -j LVSD-FULLNAT', '-X LVSD-FULLNAT', 'COMMIT'],
      shrink: ['destroy lvsd4-4', 'destroy lvsd4-9'],
    });
  });
});

describe('entries of sets', () => {
  test('are frontends, and back', () => {
    for (const key of [WEB, DNS, 'sctp/192.0.2.10:1', 'tcp/[2001:db8::10]:65535']) {
      const frontend = parseFrontend(key);
      assert.ok('address' in frontend);
      assert.deepEqual(frontendOfMember(memberOf(frontend)), frontend);
    }
  });

  test('of others are none', () => {
    for (const member of ['192.0.2.10,icmp:8/0', '192.0.2.10,tcp:0', '192.0.2.300,tcp:80', 'x']) {
      assert.equal(frontendOfMember(member), null);
    }
  });

  test('are read from sets of the right type and family', () => {
    const text =
      'create lvsd4-1 hash:ip,port family inet hashsize 1024 maxelem 65536\nadd lvsd4-1 192.0.2.10,tcp:80\n';
    assert.deepEqual(parseSet(text, 'ipv4'), new Set(['192.0.2.10,tcp:80']));
    assert.equal(parseSet(text, 'ipv6'), null);
    assert.equal(parseSet(text.replace('hash:ip,port', 'hash:ip'), 'ipv4'), null);
  });

  test('are looked for in sets with our names only', () => {
    assert.deepEqual(
      poolsWithSets(
        ['theirs', 'lvsd4-1', 'lvsd4-12', 'lvsd4-x', 'lvsd4-01', 'lvsd6-3', 'my-lvsd4-2'],
        'ipv4',
      ),
      [1, 12],
    );
  });
});

/** Projects: what tenants have to themselves, and how much of it. */
import Type, { type Static } from 'typebox';
import { parsePrefix, prefixText } from '../prefix.js';
import { closed, inputOf, Nullable } from './common.js';
import { FORWARDING_METHODS } from './forwarding.js';

function quota(what: string) {
  return Nullable(
    Type.Integer({
      minimum: 0,
      maximum: 10_000_000,
      description: `How many ${what} it may have; null (default): any number.`,
    }),
  );
}

export const Quotas = Type.Object(
  {
    clusters: quota('clusters'),
    virtualServices: quota('virtual services, in all its clusters together,'),
    realServers: quota('real servers, behind all its virtual services together,'),
  },
  { ...closed, $id: 'ProjectQuotas', description: 'How many resources the project may have.' },
);
export type Quotas = Static<typeof Quotas>;

function ranges($id: string, what: string, maximum: number) {
  return Type.Object(
    {
      from: Type.Integer({ minimum: 1, maximum, description: `The first ${what}.` }),
      to: Type.Integer({ minimum: 1, maximum, description: `The last ${what} (default: \`from\`).` }),
    },
    { ...closed, $id, description: `A range of ${what}s, both ends included.` },
  );
}

const PortRange = ranges('PortRange', 'port', 0xffff);
const FwmarkRange = ranges('FwmarkRange', 'firewall mark', 0xffffffff);
const rangeInput = { required: ['from'] };
const PortRangeInput = inputOf(PortRange, {
  ...rangeInput,
  $id: 'PortRangeInput',
  description: 'A range of ports, both ends included.',
});
const FwmarkRangeInput = inputOf(FwmarkRange, {
  ...rangeInput,
  $id: 'FwmarkRangeInput',
  description: 'A range of firewall marks, both ends included.',
});
export type Range = Static<typeof PortRange>;

const Prefixes = Type.Array(Type.String({ minLength: 2, maxLength: 49 }), { maxItems: 256 });
const prefixes = (description: string) => Nullable({ ...Prefixes, description });

const PORTS =
  'Ports that virtual services may have; null (default): any. Port 0, all ports, needs all of 1 to 65535.';
const FWMARKS =
  'Firewall marks that virtual services may be known by; null (default): any while `vipPrefixes` and `ports` are null, else ' +
  'none, because a mark may stand for any address and port.';
const MAX_RANGES = { maxItems: 256 } as const;

export const Limits = Type.Object(
  {
    vipPrefixes: prefixes(
      'Prefixes that VIPs must be in, such as 192.0.2.0/28; null (default): any address.',
    ),
    ripPrefixes: prefixes('Prefixes that addresses of real servers must be in; null (default): any address.'),
    snatPrefixes: prefixes(
      'Prefixes that source addresses of fullnat (`snat.addresses`) must be in; null (default): those of `vipPrefixes`.',
    ),
    ports: Nullable(Type.Array(PortRange, { ...MAX_RANGES, description: PORTS })),
    fwmarks: Nullable(Type.Array(FwmarkRange, { ...MAX_RANGES, description: FWMARKS })),
    forwardingMethods: Nullable(
      Type.Array(Type.Enum(FORWARDING_METHODS, { type: 'string' }), {
        uniqueItems: true,
        description: 'Forwarding methods that may be used; null (default): all of them.',
      }),
    ),
    interfaces: Nullable(
      Type.Array(Type.String({ minLength: 1, maxLength: 15 }), {
        maxItems: 64,
        description: 'Interfaces that `vip.interface` of its clusters may name; null (default): any.',
      }),
    ),
  },
  {
    ...closed,
    $id: 'ProjectLimits',
    description:
      'What definitions of the project may say. An empty list allows nothing. What was there before a limit stays as it is, and is ' +
      'shown in `status.violations`.',
  },
);
export type Limits = Static<typeof Limits>;

const LimitsInput = inputOf(Limits, {
  $id: 'ProjectLimitsInput',
  description: 'What definitions of the project may say; what is left out is not limited.',
  replace: {
    ports: Nullable(Type.Array(PortRangeInput, { ...MAX_RANGES, description: PORTS })),
    fwmarks: Nullable(Type.Array(FwmarkRangeInput, { ...MAX_RANGES, description: FWMARKS })),
  },
});

export const ProjectSpec = Type.Object(
  {
    description: Type.String({ maxLength: 1024, description: 'For people (default "").' }),
    quotas: Quotas,
    limits: Limits,
  },
  { ...closed, $id: 'ProjectSpec', description: 'What a project may have.' },
);
export type ProjectSpec = Static<typeof ProjectSpec>;

export const ProjectSpecInput = inputOf(ProjectSpec, {
  $id: 'ProjectSpecInput',
  description: 'What a project may have; what is left out is not limited.',
  replace: {
    quotas: inputOf(Quotas, {
      $id: 'ProjectQuotasInput',
      description: 'How many resources the project may have; what is left out is not limited.',
    }),
    limits: LimitsInput,
  },
});

interface RangeInput {
  readonly from: number;
  readonly to?: number;
}

export interface ProjectSpecInput {
  readonly description?: string;
  readonly quotas?: Partial<Quotas>;
  readonly limits?: Partial<Omit<Limits, 'ports' | 'fwmarks'>> & {
    readonly ports?: readonly RangeInput[] | null;
    readonly fwmarks?: readonly RangeInput[] | null;
  };
}

/** Fills in defaults and canonical spellings; a prefix that cannot be read is left for the rules to name. */
export function normaliseProject({ description, quotas, limits = {} }: ProjectSpecInput): ProjectSpec {
  return {
    description: description ?? '',
    quotas: {
      clusters: quotas?.clusters ?? null,
      virtualServices: quotas?.virtualServices ?? null,
      realServers: quotas?.realServers ?? null,
    },
    limits: {
      vipPrefixes: canonicalPrefixes(limits.vipPrefixes),
      ripPrefixes: canonicalPrefixes(limits.ripPrefixes),
      snatPrefixes: canonicalPrefixes(limits.snatPrefixes),
      ports: wholeRanges(limits.ports),
      fwmarks: wholeRanges(limits.fwmarks),
      forwardingMethods: limits.forwardingMethods ?? null,
      interfaces: limits.interfaces ?? null,
    },
  };
}

function canonicalPrefixes(texts: readonly string[] | null = null): string[] | null {
  return texts?.map((text) => prefixText(parsePrefix(text)) ?? text) ?? null;
}

function wholeRanges(given: readonly RangeInput[] | null = null): Range[] | null {
  return given?.map(({ from, to }) => ({ from, to: to ?? from })) ?? null;
}

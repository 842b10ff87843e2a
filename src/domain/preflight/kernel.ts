/** Of the kernel's IPVS. */
import type { CheckedService, Facts, KernelFacts } from './facts.js';
import { sysctlAdvice, sysctlCommand } from './facts.js';
import { type Finding, type FindingId, finding } from './finding.js';

/** As many services as make a table of the default size, 4096 buckets, a bottleneck sooner or later. */
const MANY_SERVICES = 100;
const SMALL_TABLE = 4096;

export function kernelFindings({ kernel, unreachableReason, isModel, services, host }: Facts): Finding[] {
  const found: Finding[] = [];
  if (isModel) {
    found.push(
      finding('MEMORY_DRIVER', {
        seen: 'The driver is memory.',
        remedy: null,
        advice: 'Run lvsd where the kernel has IPVS, as root or with CAP_NET_ADMIN.',
      }),
    );
  }
  if (!kernel || unreachableReason !== null) {
    found.push(
      finding('IPVS_UNAVAILABLE', {
        seen: `The kernel's IPVS does not answer: ${unreachableReason ?? 'it was not asked yet'}.`,
        remedy: 'modprobe ip_vs',
        advice: 'Load the module ip_vs, and name it in /etc/modules-load.d/ to have it after a boot.',
      }),
    );
  }
  if (kernel) found.push(...schedulerFindings(kernel, services), ...tableFindings(kernel, services));
  const value = (name: string) => host?.sysctls.get(`net/ipv4/vs/${name}`) ?? null;
  const set = (id: FindingId, name: string, wanted: number) => {
    const path = `net/ipv4/vs/${name}`;
    found.push(
      finding(id, {
        seen: `net.ipv4.vs.${name} is ${value(name)}.`,
        remedy: sysctlCommand(path, wanted),
        advice: sysctlAdvice(path, wanted),
      }),
    );
  };
  if (value('expire_nodest_conn') === '0') set('EXPIRE_NODEST_CONN_OFF', 'expire_nodest_conn', 1);
  const isPersistent = services.some(({ spec }) => spec.persistence !== null);
  if (isPersistent && value('expire_quiescent_template') === '0') {
    set('EXPIRE_QUIESCENT_TEMPLATE_OFF', 'expire_quiescent_template', 1);
  }
  const isDelayed = value('conn_reuse_mode') === '1' && value('conntrack') === '1';
  if (kernel && isDelayed && isBefore(kernel.release, [5, 9])) set('CONN_REUSE_DELAY', 'conn_reuse_mode', 0);
  return found;
}

function schedulerFindings({ capabilities }: KernelFacts, services: readonly CheckedService[]): Finding[] {
  const { schedulers } = capabilities;
  if (!schedulers) return [];
  return services
    .filter(({ spec }) => !schedulers.includes(spec.scheduler))
    .map(({ path, spec }) =>
      finding('SCHEDULER_UNAVAILABLE', {
        about: { resource: path },
        seen: `The kernel has no scheduler ${spec.scheduler}; it has ${schedulers.join(', ')}.`,
        remedy: `modprobe ip_vs_${spec.scheduler}`,
        advice: 'Load its module or install the package that holds it, or choose another scheduler.',
      }),
    );
}

function tableFindings({ connectionTableSize }: KernelFacts, services: readonly CheckedService[]): Finding[] {
  if (connectionTableSize > SMALL_TABLE || services.length < MANY_SERVICES) return [];
  return [
    finding('CONNECTION_TABLE_SMALL', {
      seen: `The connection table has ${connectionTableSize} buckets for ${services.length} virtual services.`,
      remedy: null,
      advice:
        'Load ip_vs with conn_tab_bits=20 ("options ip_vs conn_tab_bits=20" in /etc/modprobe.d/); it takes a reload of the module.',
    }),
  ];
}

function isBefore(release: string, [major, minor]: readonly [number, number]): boolean {
  const [actualMajor = 0, actualMinor = 0] = release.split(/[.-]/).map(Number);
  return actualMajor < major || (actualMajor === major && actualMinor < minor);
}

/** Somebody with ipvsadm who changes, deletes and adds entries all the time, and now and then clears the table. */
import assert from 'node:assert/strict';
import { ipvsadm, savedLines } from '../ipvsadm.js';
import type { Random } from '../random.js';
import { SCHEDULERS } from '../write-steps.js';

/** One command in so many is `ipvsadm -C`. */
const CLEARS = 40;
const FOREIGN = 6;

export interface Hand {
  /** As `ipvsadm -Sn` prints them: what it has added, less what it has taken away again. */
  readonly foreign: ReadonlySet<string>;
  /** Commands that the kernel took. */
  readonly done: number;
  /** Asserts that nobody else touched the foreign entries, and does something. */
  act(): Promise<void>;
}

/** `host` is a service of ours, `-u 10.0.0.1:80`, that nobody deletes: it gets foreign destinations too. */
export function createHand(host: string, random: Random): Hand {
  const foreign = new Set<string>();
  let done = 0;

  /** Frontend and all: lvsd may have deleted the entry a moment before. */
  async function run(line: string): Promise<boolean> {
    const isDone = await ipvsadm(...line.split(' ')).then(
      () => true,
      () => false,
    );
    done += Number(isDone);
    return isDone;
  }

  async function change(line: string): Promise<void> {
    const [, flag, frontend, rest = ''] = /^-(\w) (-\w \S+) (.*)$/.exec(line) ?? [];
    if (flag === 'a') {
      const [, backend] = /^(-r \S+)/.exec(rest) ?? [];
      const isEdit = random(2) === 0;
      await run(isEdit ? `-e ${frontend} ${backend} -m -w ${random(100)}` : `-d ${frontend} ${backend}`);
    } else {
      const isEdit = frontend === host || random(2) === 0;
      await run(isEdit ? `-E ${frontend} -s ${SCHEDULERS[random(SCHEDULERS.length)]}` : `-D ${frontend}`);
    }
  }

  async function addOrTakeAway(): Promise<void> {
    const number = 1 + random(FOREIGN);
    const service = `-u 10.9.9.${number}:9`;
    const added = [
      `-A ${service} -s rr`,
      `-a ${service} -r 10.9.8.1:9 -m -w ${number}`,
      `-a ${host} -r 10.9.7.${number}:9 -m -w ${number}`,
    ];
    if (added.some((line) => foreign.has(line))) {
      if (foreign.has(added[0] as string)) await run(`-D ${service}`);
      if (foreign.has(added[2] as string)) await run(`-d ${host} -r 10.9.7.${number}:9`);
      for (const line of added) foreign.delete(line);
    } else {
      for (const line of added) if (await run(line)) foreign.add(line);
    }
  }

  return {
    foreign,
    get done() {
      return done;
    },
    async act() {
      const lines = await savedLines();
      for (const line of foreign) assert.ok(lines.includes(line), `${line} is gone`);
      if (random(CLEARS) === 0) {
        await run('-C');
        foreign.clear();
        return;
      }
      const ours = lines.filter((line) => !foreign.has(line));
      const line = ours[random(ours.length || 1)];
      if (line === undefined || random(4) === 0) await addOrTakeAway();
      else await change(line);
    },
  };
}

/**
 * Writers that change a cluster of their own through both doors and know what must be true afterwards: of every
 * acknowledged write its result, of one that got no answer either all or nothing.
 */
import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import type { Definition } from '../../src/domain/schema/definition.js';
import type { Door, Written } from './doors.js';
import type { Random } from './random.js';
import { linesOf, type Model, modelOf, type Place } from './service-model.js';
import { nextStep } from './write-steps.js';

export interface Writer {
  /** The state after every acknowledged write. */
  readonly acknowledged: Model;
  /** The state if the write that got no answer was carried out; undefined when every write got one. */
  readonly unanswered: Model | undefined;
  /** How many writes were acknowledged. */
  readonly count: number;
  /** Writes one after another until one gets no answer, or that the server is stopping. Rejects at any other failure. */
  run(doors: readonly Door[]): Promise<void>;
  /**
   * Takes over what was found after a restart; throws when it is neither of the two. True when that is the write that got
   * no answer.
   */
  settle(found: Definition): boolean;
  /** Lines of `ipvsadm -Sn` that the acknowledged state must lead to. */
  lines(): string[];
}

export function createWriter(index: number, random: Random): Writer {
  const place: Place = { cluster: `writer-${index}`, protocol: 'tcp', vip: `10.3.0.${index + 1}` };
  let acknowledged: Model = {};
  let unanswered: Model | undefined;
  let count = 0;

  return {
    get acknowledged() {
      return acknowledged;
    },
    get unanswered() {
      return unanswered;
    },
    get count() {
      return count;
    },
    async run(doors) {
      for (;;) {
        const step = nextStep(place, acknowledged, random);
        const door = doors[random(doors.length)];
        assert.ok(door);
        unanswered = step.after;
        let written: Written;
        try {
          written = await step.send(door);
        } catch {
          return;
        }
        if (written.outcome === 'failed' && written.failure.reason === 'SHUTTING_DOWN') {
          unanswered = undefined;
          return;
        }
        assert.ok(
          written.outcome !== 'failed' && written.outcome !== 'pending',
          `${place.cluster}: ${JSON.stringify(written)} for ${JSON.stringify(step.after)}`,
        );
        acknowledged = step.after;
        unanswered = undefined;
        count += 1;
      }
    },
    settle(found) {
      const model = modelOf(found);
      const isCarriedOut = unanswered !== undefined && isDeepStrictEqual(model, unanswered);
      if (!isCarriedOut)
        assert.deepEqual(model, acknowledged, `${place.cluster}; in flight: ${JSON.stringify(unanswered)}`);
      acknowledged = model;
      unanswered = undefined;
      return isCarriedOut;
    },
    lines: () => linesOf(place, acknowledged),
  };
}

/** What every `Store` must do, whatever database is behind it. */
import { describe } from 'node:test';
import { describeAnswers } from './store/answers.js';
import { describeArchives } from './store/archives.js';
import { describeEntries } from './store/entries.js';
import { describeEvents } from './store/events.js';
import { describeHistory } from './store/history.js';
import { describeReads } from './store/reads.js';
import { describeResources } from './store/resources.js';
import { describeSlices } from './store/slices.js';
import type { StoreSubject } from './store/subject.js';
import { describeUsage } from './store/usage.js';
import { describeWrites } from './store/writes.js';

export function describeStore(subject: StoreSubject): void {
  describe(`the ${subject.name} store`, () => {
    describeResources(subject);
    describeReads(subject);
    describeEntries(subject);
    describeAnswers(subject);
    describeUsage(subject);
    describeWrites(subject);
    describeSlices(subject);
    describeEvents(subject);
    describeHistory(subject);
    describeArchives(subject);
  });
}

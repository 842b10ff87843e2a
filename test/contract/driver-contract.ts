/**
 * What every `IpvsDriver` must do, whatever kernel is behind it. Run on the memory kernel in this folder and on a real
 * one in test/kernel.
 */
import { describe } from 'node:test';
import { describeBatches } from './driver/batches.js';
import { describeDestinations } from './driver/destinations.js';
import { describeDirector } from './driver/director.js';
import { describeOutline } from './driver/outline.js';
import { describeRefusals } from './driver/refusals.js';
import { describeServices } from './driver/services.js';
import type { DriverSubject } from './driver/subject.js';
import { describeTable } from './driver/table.js';

export function describeDriver(subject: DriverSubject): void {
  describe(`the ${subject.name} driver`, () => {
    describeTable(subject);
    describeOutline(subject);
    describeServices(subject);
    describeDestinations(subject);
    describeRefusals(subject);
    describeBatches(subject);
    describeDirector(subject);
  });
}

import type { IpvsDriver } from '../../src/driver/driver.js';

export interface WatchedDriver extends IpvsDriver {
  /** How many operations it was told, those of the director's settings included. */
  readonly told: number;
  /** Has this done before the next-but-`skip` read of services. */
  beforeServices(skip: number, work: () => Promise<unknown>): void;
}

/** Passes everything on. */
export function watchDriver(driver: IpvsDriver): WatchedDriver {
  let told = 0;
  let pending: { skip: number; work: () => Promise<unknown> } | undefined;
  return {
    ...driver,
    get told() {
      return told;
    },
    beforeServices(skip, work) {
      pending = { skip, work };
    },
    apply(operations) {
      told += operations.length;
      return driver.apply(operations);
    },
    applyDirector(operations) {
      told += operations.length;
      return driver.applyDirector(operations);
    },
    async readServices(keys, options) {
      if (pending?.skip === 0) {
        const { work } = pending;
        pending = undefined;
        await work();
      } else if (pending) pending.skip -= 1;
      return driver.readServices(keys, options);
    },
  };
}

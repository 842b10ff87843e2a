import type { Route, Routes } from '../../domain/route.js';
import { KernelUnavailableError } from '../../driver/kernel-error.js';
import type { Reconciler } from '../../reconcile/reconciler.js';

/** Of the director's host; none where it is a model, whose addresses are those of no network. */
export function routesOf({ director, driver }: Pick<Reconciler, 'director' | 'driver'>): Routes | undefined {
  return director.driver === 'memory' ? undefined : driver.host;
}

/** The director's route to an address; null when there is none, or nobody can say. */
export async function directorRoute(routes: Routes | undefined, address: string): Promise<Route | null> {
  try {
    return (await routes?.route(address)) ?? null;
  } catch (error) {
    if (error instanceof KernelUnavailableError) return null;
    throw error;
  }
}

/** What a director needs outside its IPVS table: the vocabulary that host drivers, the reconciler and the API share. */
import type { Frontend } from './keys.js';

/** Where a VIP is bound. */
export interface AddressConfig {
  /** Name of the network interface. */
  readonly interface: string;
  /** 32 for IPv4, 128 for IPv6. */
  readonly prefixLength: number;
}

/** From which addresses the connections of one fullnat frontend reach the real servers. */
export interface SnatConfig {
  /**
   * The pool, of the frontend's family, sorted and without repetition; a connection takes one of them. Null: the address
   * that the route to the real server uses.
   */
  readonly addresses: readonly string[] | null;
}

/** One change outside the table; `key` is that of the owned entry (`address/…`, `snat/…`). */
export type HostOperation =
  | {
      readonly command: 'NEW_ADDRESS' | 'SET_ADDRESS';
      readonly key: string;
      /** Canonical text. */
      readonly address: string;
      readonly config: AddressConfig;
    }
  | { readonly command: 'DEL_ADDRESS'; readonly key: string; readonly address: string }
  | {
      readonly command: 'NEW_SNAT' | 'SET_SNAT';
      readonly key: string;
      readonly frontend: Frontend;
      readonly config: SnatConfig;
    }
  | { readonly command: 'DEL_SNAT'; readonly key: string; readonly frontend: Frontend };

/** How a host's own packets reach an address. */
export interface Route {
  readonly interface: string;
  /** The address that such packets leave with. */
  readonly source: string;
  /** Next hop; null when the address is on the interface's own network. */
  readonly gateway: string | null;
  /** In bytes. */
  readonly mtu: number;
  /** The address is one of the host's own. */
  readonly local: boolean;
}

export interface Routes {
  /** Null when there is none. */
  route(address: string): Promise<Route | null>;
}

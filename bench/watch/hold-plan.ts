/** What the process that holds connections is told, and what it says: one line of JSON each. */
export interface HoldPlan {
  readonly port: number;
  readonly path: string;
  readonly protocol: string;
  /** One connection each. */
  readonly tokens: readonly string[];
  /** Each connection watches one of them, in turns. */
  readonly auctionIds: readonly string[];
}

/** All are open, signed in and subscribed. */
export interface Holding {
  readonly openedMs: number;
}

/** After the end of its input. */
export interface Held {
  /** Connections that were not there any more. */
  readonly lost: number;
}

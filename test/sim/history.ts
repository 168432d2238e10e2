/** What the clients saw and did, for the checks at the end. */
import type { Answer } from '../../src/protocol/messages/answer.ts';

export interface Command {
  readonly kind: 'bid' | 'buy' | 'retract';
  readonly user: string;
  readonly auctionId: string;
  readonly nonce: string;
  readonly amountCents: number;
  /** Every answer that ever came, of first sends and repeats. */
  readonly answers: Answer[];
  /** A refusal that settles it without an answer: its code. */
  refused: number | null;
}

/** An update as a watcher got it, with what it said of the bidding. */
export interface Seen {
  readonly user: string;
  readonly auctionId: string;
  readonly seq: number;
  readonly priceCents: number | null;
  readonly endsAtMs: number | null;
  readonly status: string | null;
}

export class History {
  readonly commands = new Map<string, Command>();
  readonly seen: Seen[] = [];
  /** When the server read a command, by nonce: each time that it came. Microseconds. */
  readonly readUs = new Map<string, number[]>();
  readonly violations: string[] = [];

  violated(what: string): void {
    this.violations.push(what);
  }
}

/**
 * Which answers on the private feed are news. The feed tells what became of every command of the user;
 * what this client asked itself it has from the answer, so it is not told twice. What it gave up, and
 * what other devices and tabs did, comes from the feed alone.
 *
 *   asked ──▶ waiting ── answered ──▶ known (the newest of them)
 *                └── given up: what the feed said of it meanwhile is news after all
 */
import type { BidStanding, OwnAnswer, OwnCommand } from '../protocol/messages/own-answer.ts';
import { ACCEPTED } from '../protocol/refusals.ts';
import type { RefusalInfo } from './refusal-info.ts';
import { refusalInfo } from './refusal-info.ts';

/** What became of a command of this user that this client has no answer to. */
export interface OwnAnswerEvent {
  readonly auctionId: string;
  readonly command: OwnCommand;
  /** Null: a listing. */
  readonly nonce: string | null;
  /** What was bid, or the price of a purchase; null: neither. */
  readonly amountCents: number | null;
  readonly accepted: boolean;
  /** Null: accepted. */
  readonly refusal: RefusalInfo | null;
  /** Where auction and bidder stood then; null for listings and auctions that are not there. */
  readonly standing: BidStanding | null;
  /** Number of the record in the log, for a receipt; 0: it left none. */
  readonly record: number;
  /** When the server read the command. */
  readonly serverTimeMs: number;
}

/** So many answered commands are remembered: more than the server keeps answers for the feed. */
const KNOWN_MAX = 1_000;

export class OwnAnswers {
  /** With what the feed said meanwhile. */
  readonly #waiting = new Map<string, OwnAnswer | null>();
  /** Oldest first. */
  readonly #known = new Set<string>();

  asked(auctionId: string, nonce: string): void {
    this.#waiting.set(keyOf(auctionId, nonce), null);
  }

  answered(auctionId: string, nonce: string): void {
    const key = keyOf(auctionId, nonce);
    this.#waiting.delete(key);
    this.#known.delete(key);
    this.#known.add(key);
    for (const oldest of this.#known) {
      if (this.#known.size <= KNOWN_MAX) break;
      this.#known.delete(oldest);
    }
  }

  /** The command was given up; what the feed had told of it is news now. */
  gaveUp(auctionId: string, nonce: string): OwnAnswerEvent | null {
    const key = keyOf(auctionId, nonce);
    const held = this.#waiting.get(key) ?? null;
    this.#waiting.delete(key);
    return held === null ? null : eventOf(held);
  }

  /** The feed told of a command. Null: the program knows, or will by the command's own answer. */
  told(answer: OwnAnswer): OwnAnswerEvent | null {
    const { auctionId, nonce } = answer;
    if (nonce === null) return eventOf(answer);
    const key = keyOf(auctionId, nonce);
    if (this.#waiting.has(key)) {
      this.#waiting.set(key, answer);
      return null;
    }
    return this.#known.has(key) ? null : eventOf(answer);
  }
}

function keyOf(auctionId: string, nonce: string): string {
  return `${auctionId} ${nonce}`;
}

function eventOf(answer: OwnAnswer): OwnAnswerEvent {
  const { auctionId, command, nonce, amountCents, code, standing, record, serverTimeMs } = answer;
  const { retryAfterMs, field, reason } = answer;
  const accepted = code === ACCEPTED;
  const refusal = accepted ? null : refusalInfo({ code, retryAfterMs, field, reason });
  const what = { auctionId, command, nonce, amountCents };
  return { ...what, accepted, refusal, standing, record, serverTimeMs };
}

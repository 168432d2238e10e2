/** What became of a bid, a purchase or a retraction, as the SDK tells it. */
import type { Answer } from '../protocol/messages/answer.ts';
import type { Refused } from '../protocol/messages/refused.ts';
import { ACCEPTED } from '../protocol/refusals.ts';
import type { RefusalInfo } from './refusal-info.ts';
import { refusalInfo } from './refusal-info.ts';

/** Where the auction and the bidder stand after the command. */
export type Standing = Omit<Answer, 'id' | 'code' | 'retryAfterMs'>;

export interface Accepted extends Standing {
  readonly accepted: true;
  readonly refusal: null;
  /** The nonce that was used. */
  readonly nonce: string;
}

/** The standing is missing where the auction was not reached: AUCTION_UNKNOWN, OVERLOADED, … */
export interface NotAccepted extends Partial<Standing> {
  readonly accepted: false;
  readonly refusal: RefusalInfo;
  readonly nonce: string;
}

export type BidResult = Accepted | NotAccepted;

export function resultOf(answer: Answer, nonce: string): BidResult {
  const { id: _, code, retryAfterMs, ...standing } = answer;
  if (code === ACCEPTED) return { accepted: true, refusal: null, nonce, ...standing };
  const refusal = refusalInfo({ code, retryAfterMs, field: null, reason: null });
  return { accepted: false, refusal, nonce, ...standing };
}

export function refusedResult(refused: Refused, nonce: string): BidResult {
  return { accepted: false, refusal: refusalInfo(refused), nonce };
}

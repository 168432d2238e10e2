/** What a Gavel tells of by itself, by the name of the event. */
import type { FeedbackReceived } from '../protocol/messages/feedback-received.ts';
import { FEEDBACK_RECEIVED } from '../protocol/messages/feedback-received.ts';
import type { Goodbye } from '../protocol/messages/goodbye.ts';
import type { LeadingAgain } from '../protocol/messages/leading-again.ts';
import { LEADING_AGAIN } from '../protocol/messages/leading-again.ts';
import type { Outbid } from '../protocol/messages/outbid.ts';
import { OUTBID } from '../protocol/messages/outbid.ts';
import type { Result } from '../protocol/messages/result.ts';
import { RESULT } from '../protocol/messages/result.ts';
import type { SearchFound } from '../protocol/messages/search-found.ts';
import { SEARCH_FOUND } from '../protocol/messages/search-found.ts';
import type { StateChange } from './line.ts';
import type { ModeEvent } from './mode.ts';
import type { OwnAnswerEvent } from './own-answers.ts';

/** Notices of the private feed that are told as they come. */
export const NOTICES: ReadonlyMap<
  number,
  'outbid' | 'leading_again' | 'result' | 'search_found' | 'feedback_received'
> = new Map([
  [OUTBID.number, 'outbid'],
  [LEADING_AGAIN.number, 'leading_again'],
  [RESULT.number, 'result'],
  [SEARCH_FOUND.number, 'search_found'],
  [FEEDBACK_RECEIVED.number, 'feedback_received'],
]);

export interface GavelEvents {
  /** Somebody else leads now. */
  readonly outbid: Outbid;
  /** The bid that led was taken back, and the own one leads again. */
  readonly leading_again: LeadingAgain;
  /** An auction ended that the user bid on or sold. */
  readonly result: Result;
  /** Something was listed that a saved search of this user fits. */
  readonly search_found: SearchFound;
  /** The other side of a sale left feedback on this user. */
  readonly feedback_received: FeedbackReceived;
  /** What became of a command of this user that this client did not ask, or had given up. */
  readonly own_answer: OwnAnswerEvent;
  /** Notices of the private feed were missed for good: ask how the own bids stand. */
  readonly feed_gap: null;
  /** The server began or ended its watch-only mode. */
  readonly mode: ModeEvent;
  /** The server is about to close the connection. */
  readonly goodbye: Goodbye;
  /** The line opened, was lost, closed. */
  readonly state: StateChange;
  /** Something is wrong that the SDK lives with: a message it cannot read, a token not got. */
  readonly error: Error;
}

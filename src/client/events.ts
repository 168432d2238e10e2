/** What a Gavel tells of by itself, by the name of the event. */
import type { Goodbye } from '../protocol/messages/goodbye.ts';
import type { LeadingAgain } from '../protocol/messages/leading-again.ts';
import type { Outbid } from '../protocol/messages/outbid.ts';
import type { Result } from '../protocol/messages/result.ts';
import type { StateChange } from './line.ts';
import type { ModeEvent } from './mode.ts';
import type { OwnAnswerEvent } from './own-answers.ts';

export interface GavelEvents {
  /** Somebody else leads now. */
  readonly outbid: Outbid;
  /** The bid that led was taken back, and the own one leads again. */
  readonly leading_again: LeadingAgain;
  /** An auction ended that the user bid on or sold. */
  readonly result: Result;
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

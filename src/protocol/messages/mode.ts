/**
 * Whether the server saves its strength, and how often this connection is told of an auction. Sent
 * when that changes, and soon after connecting where it is not as usual.
 */
import { bool, uint } from '../field.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const MODE = message('server', 90, 'mode', {
  /** Bids go on; who is not signed in gets updates less often. */
  watchOnly: bool,
  /** Updates of one auction come so often at most, in milliseconds; 0: each. */
  updateMs: uint(60_000),
});
export type Mode = MessageOf<typeof MODE>;

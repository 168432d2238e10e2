/**
 * The connection is signed in.
 */
import { noticePosition, requestId, timeMs, userId } from '../common.ts';
import { bool, described, optional, uint } from '../field.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const WELCOME = message('server', 64, 'welcome', {
  id: requestId,
  userId,
  protocol: described(uint(255), 'Number of the protocol’s version.'),
  serverTimeMs: timeMs,
  expiresAtMs: described(timeMs, 'When the token ends; the connection is closed then.'),
  tickMs: described(uint(600_000), 'Milliseconds between ticks of the server.'),
  position: described(
    optional(noticePosition),
    'The position from which on the private feed is whole; not there without the feed.',
  ),
  recovered: described(
    optional(bool),
    'Where a position was given: whether all that came after it follows.',
  ),
  missed: described(optional(uint()), 'How many notices follow at once.'),
});
export type Welcome = MessageOf<typeof WELCOME>;

/**
 * Every code with which the server closes a WebSocket. Clients need to know the range only: below
 * 3500 connect again (with back-off and jitter), from 3500 on do not, something has to change first
 * (RULES.md section 4). A goodbye with the same code comes before the close where the socket still
 * takes one.
 */
import { assert } from '../lib/assert.ts';

export interface CloseCode {
  readonly code: number;
  /** Whether the client should connect again by itself. */
  readonly reconnect: boolean;
  /** One sentence for people, at most 123 bytes: the reason in the close frame. */
  readonly reason: string;
}

function close(code: number, reason: string): CloseCode {
  assert(reason.length <= 123, 'a close frame holds 123 bytes of reason');
  return { code, reconnect: code < 3500, reason };
}

export const CLOSE_CODES = {
  // 3000–3499: connect again
  SHUTDOWN: close(3001, 'The server is stopping; connect again.'),
  SERVER_ERROR: close(
    3004,
    'The server made an error; send what is unanswered again, with its nonce.',
  ),
  TOKEN_EXPIRED: close(3005, 'The token has expired; connect again with a new one.'),
  SLOW_CONSUMER: close(3008, 'Messages were not read fast enough; connect again and resume.'),
  SILENT: close(3012, 'Nothing was heard from the client for too long.'),
  TOO_MANY_REQUESTS: close(3013, 'Far more messages than the limit; connect again and send fewer.'),

  // 3500–3999: do not
  TOKEN_INVALID: close(3500, 'The token is not valid here.'),
  BAD_REQUEST: close(3501, 'Messages could not be read.'),
  NO_HELLO: close(3502, 'Nothing valid was said in time after connecting.'),
  TOO_MANY_CONNECTIONS: close(3504, 'This user has too many connections.'),
  WRONG_KIND: close(3506, 'Text on a MessagePack connection, or bytes on a JSON connection.'),
} as const satisfies Readonly<Record<string, CloseCode>>;

export type CloseName = keyof typeof CLOSE_CODES;

/**
 * The limit that the core is measured against: the same gateway library with nothing behind it.
 * Decodes every frame with msgpackr and sends an answer with the same fields and size as the
 * product's; only the id in it changes, so that as little as possible stands between the sockets.
 * No rules, no threads, no disk.
 *
 * Prints its port as a line of JSON, and stops when its standard input ends.
 */
import { Packr, Unpackr } from 'msgpackr';
import { App } from 'uWebSockets.js';
import { assert } from '../../src/lib/assert.ts';
import { ANSWER } from '../../src/protocol/messages/answer.ts';
import { HELLO } from '../../src/protocol/messages/hello.ts';
import { WELCOME } from '../../src/protocol/messages/welcome.ts';
import { listen } from './listen.ts';

const ID = 0x7a7b7c7d;
const packr = new Packr({ useRecords: false });
const FRAME_BYTES_MAX = 4096;
/** Decoding from one buffer again and again is a fifth cheaper than from a new one each time. */
const input = Buffer.alloc(FRAME_BYTES_MAX);
const unpackr = new Unpackr({ useRecords: false });

const answer = typicalAnswer();
const idAt = answer.indexOf(Buffer.from('7a7b7c7d', 'hex'));
assert(idAt > 0, 'the id stands in the answer');

const app = App().ws('/*', {
  maxPayloadLength: FRAME_BYTES_MAX,
  idleTimeout: 60,
  maxBackpressure: 256 * 1024,
  message(ws, bytes) {
    const size = bytes.byteLength;
    input.set(new Uint8Array(bytes));
    const frame = unpackr.unpack(input, size) as readonly unknown[];
    const id = frame[1] as number;
    if (frame[0] === HELLO.number) {
      ws.send(packr.pack([WELCOME.number, id, 'bidder', 1, 0, 0, 25_000]), true);
      return;
    }
    answer.writeUInt32BE(id, idAt);
    ws.send(answer, true);
  },
});

/** A bid that leads: the three amounts offered and the two times included. */
function typicalAnswer(): Buffer {
  const now = Date.now();
  const offered = [1_000_300, 1_000_400, 1_000_500];
  const places = [1, 2_000, 1_000_000, 1_000_200, 1, 1_000_300];
  return Buffer.from(packr.pack([ANSWER.number, ID, 0, ...places, offered, now, now]));
}

listen(app);

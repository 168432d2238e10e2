/**
 * The limit that the fan-out is measured against: the same gateway library with nothing behind it,
 * publishing an update of the same size to all who subscribed, so many milliseconds after the last.
 *
 * Takes those milliseconds as its argument, prints its port as a line of JSON, and stops when its
 * standard input ends.
 */
import { Packr } from 'msgpackr';
import { App } from 'uWebSockets.js';
import { BID_UPDATE } from '../../src/protocol/messages/bid-update.ts';
import { HELLO } from '../../src/protocol/messages/hello.ts';
import { SUBSCRIBE } from '../../src/protocol/messages/subscribe.ts';
import { WELCOME } from '../../src/protocol/messages/welcome.ts';
import { listen } from './listen.ts';

const TOPIC = 'updates';
const tickMs = Number(process.argv[2]);
const packr = new Packr({ useRecords: false });
const HELLO_ID = 1;
const welcome = packr.pack([WELCOME.number, HELLO_ID, 'watcher', 1, 0, 0, 25_000]);

const app = App().ws('/*', {
  idleTimeout: 60,
  maxBackpressure: 256 * 1024,
  message(ws, bytes) {
    const number = new Uint8Array(bytes)[1];
    if (number === HELLO.number) ws.send(welcome, true);
    if (number === SUBSCRIBE.number) ws.subscribe(TOPIC);
  },
});

let seq = 100_000;
function publish(): void {
  const fromSeq = seq + 1;
  seq += 250;
  const update = [
    BID_UPDATE.number,
    1,
    seq,
    1_000_000 + seq,
    1_000_100 + seq,
    seq,
    1,
    true,
    fromSeq,
  ];
  app.publish(TOPIC, packr.pack(update), true);
  setTimeout(publish, tickMs);
}

publish();
listen(app);

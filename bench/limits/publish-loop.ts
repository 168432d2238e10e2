/**
 * The limit that the fan-out is measured against: the same gateway library with nothing behind it,
 * publishing an update of the same size to all who subscribed, so many milliseconds after the last.
 *
 * Takes those milliseconds and the number of watchers, begins when those are there, prints its port
 * as a line of JSON, and stops when its standard input ends.
 */
import { App } from 'uWebSockets.js';
import { HELLO } from '../../src/protocol/messages/hello.ts';
import { SUBSCRIBE } from '../../src/protocol/messages/subscribe.ts';
import { SampleUpdates } from '../watch/sample-update.ts';
import { sampleWelcome } from '../watch/sample-welcome.ts';
import { listen } from './listen.ts';

const TOPIC = 'updates';
const [tickMs, watchersWanted] = process.argv.slice(2).map(Number);
const updates = new SampleUpdates();
const welcome = sampleWelcome();

let watchers = 0;

const app = App().ws('/*', {
  idleTimeout: 60,
  maxBackpressure: 256 * 1024,
  message(ws, bytes) {
    const number = new Uint8Array(bytes)[1];
    if (number === HELLO.number) ws.send(welcome, true);
    if (number !== SUBSCRIBE.number) return;
    ws.subscribe(TOPIC);
    watchers += 1;
    if (watchers === watchersWanted) publish();
  },
});

function publish(): void {
  app.publish(TOPIC, updates.next(), true);
  setTimeout(publish, tickMs);
}

listen(app);

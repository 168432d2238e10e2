/**
 * A peer of the fan-out: the library `ws`, sending each update to one client after the other, which
 * is what its documentation shows for a broadcast. No compression, the frame is built by it.
 *
 * Takes the milliseconds between two updates and the number of watchers, begins when those are there,
 * prints its port as a line of JSON, and stops when its standard input ends.
 */
import type { AddressInfo } from 'node:net';
import { HELLO } from '../../src/protocol/messages/hello.ts';
import { SUBSCRIBE } from '../../src/protocol/messages/subscribe.ts';
import { SampleUpdates } from '../watch/sample-update.ts';
import { sampleWelcome } from '../watch/sample-welcome.ts';

interface Client {
  on(event: 'message', listener: (data: Uint8Array) => void): void;
  on(event: 'close', listener: () => void): void;
  send(data: Uint8Array): void;
}

interface Server {
  on(event: 'connection', listener: (client: Client) => void): void;
  on(event: 'listening', listener: () => void): void;
  address(): AddressInfo;
}

type ServerClass = new (options: object) => Server;

const [tickMs, watchersWanted] = process.argv.slice(2).map(Number);
const updates = new SampleUpdates();
const welcome = sampleWelcome();
const watchers = new Set<Client>();
// By a name in a variable, because the peers are installed only for this comparison.
const name = 'ws';
const { WebSocketServer } = (await import(name)) as { WebSocketServer: ServerClass };
const server = new WebSocketServer({
  host: '127.0.0.1',
  port: 0,
  backlog: 1024,
  perMessageDeflate: false,
});

server.on('connection', (client) => {
  client.on('message', (data) => {
    if (data[1] === HELLO.number) client.send(welcome);
    if (data[1] === SUBSCRIBE.number && watchers.add(client).size === watchersWanted) publish();
  });
  client.on('close', () => watchers.delete(client));
});

function publish(): void {
  const update = updates.next();
  for (const client of watchers) client.send(update);
  setTimeout(publish, tickMs);
}

server.on('listening', () => {
  process.stdout.write(`${JSON.stringify({ port: server.address().port })}\n`);
});
process.stdin.on('end', () => process.exit(0));
process.stdin.resume();

/**
 * A peer of the fan-out: Socket.IO over WebSockets alone, emitting each update to everybody. The
 * update is a list of numbers in JSON, because binary data would cost it a second frame.
 *
 * Takes the milliseconds between two updates and the number of watchers, begins when those are there,
 * prints its port as a line of JSON, and stops when its standard input ends.
 */
import { createServer } from 'node:http';
import type { Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { decodeFrame } from '../../src/protocol/frame.ts';
import { SampleUpdates } from '../watch/sample-update.ts';

interface Io {
  on(event: 'connection', listener: () => void): void;
  emit(event: string, ...values: unknown[]): void;
}

type ServerClass = new (http: HttpServer, options: object) => Io;

const [tickMs, watchersWanted] = process.argv.slice(2).map(Number);
const updates = new SampleUpdates();
// By a name in a variable, because the peers are installed only for this comparison.
const name = 'socket.io';
const { Server } = (await import(name)) as { Server: ServerClass };
const http = createServer();
const io = new Server(http, {
  transports: ['websocket'],
  serveClient: false,
  perMessageDeflate: false,
  httpCompression: false,
});

let watchers = 0;
io.on('connection', () => {
  watchers += 1;
  if (watchers === watchersWanted) publish();
});

function publish(): void {
  const { message, value } = decodeFrame(updates.next());
  io.emit('bid_update', message.toPositional(value));
  setTimeout(publish, tickMs);
}

http.listen({ port: 0, host: '127.0.0.1', backlog: 1024 }, () => {
  const { port } = http.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ port })}\n`);
});
process.stdin.on('end', () => process.exit(0));
process.stdin.resume();

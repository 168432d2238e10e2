/**
 * What may stand between a client and its server: a relay of bytes that refuses WebSockets or streams,
 * cuts connections, and passes on what the server says as slowly as a client on a bad line reads it.
 */
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

/** What it does to what passes; may be changed at any time. */
export interface Rules {
  webSockets: 'pass' | 'refuse';
  /** `cut`: a request for a stream never gets an answer. */
  streams: 'pass' | 'cut';
  /** `trickle`: a few bytes at a time reach the client, and the server cannot send on meanwhile. */
  pace: 'full' | 'trickle';
}

export interface Proxy {
  readonly url: string;
  readonly rules: Rules;
  /** Cuts everything that is open. */
  cutAll(): void;
}

const TRICKLE_BYTES = 200;
const TRICKLE_MS = 5;

export async function proxyTo(
  t: TestContext,
  target: string,
  rules: Partial<Rules> = {},
): Promise<Proxy> {
  const { hostname, port } = new URL(target);
  const now: Rules = { webSockets: 'pass', streams: 'pass', pace: 'full', ...rules };
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const onward = connect(Number(port), hostname);
    for (const [one, other] of [
      [client, onward],
      [onward, client],
    ] as const) {
      open.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        open.delete(one);
        other.destroy();
      });
    }
    client.on('data', (chunk: Buffer) => {
      const head = chunk.toString('latin1');
      if (now.webSockets === 'refuse' && /^upgrade: websocket/im.test(head)) {
        return void client.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n');
      }
      if (now.streams === 'cut' && /^GET \S*\/events/m.test(head)) return void client.destroy();
      onward.write(chunk);
    });
    void passOn(onward, client, now);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cutAll = (): void => open.forEach((socket) => socket.destroy());
  t.after(() => {
    server.close();
    cutAll();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, rules: now, cutAll };
}

async function passOn(from: Socket, to: Socket, rules: Rules): Promise<void> {
  try {
    for await (const chunk of from as AsyncIterable<Buffer>) {
      for (let at = 0; at < chunk.length;) {
        const isSlow = rules.pace === 'trickle';
        const next = isSlow ? at + TRICKLE_BYTES : chunk.length;
        to.write(chunk.subarray(at, next));
        at = next;
        if (isSlow) await sleep(TRICKLE_MS);
      }
    }
    to.end();
  } catch {
    // It was cut: the other side is cut with it.
    to.destroy();
  }
}

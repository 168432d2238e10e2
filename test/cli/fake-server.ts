/** A server of REST answers for client commands: each test says what it answers. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly authorization: string;
  /** The header `Idempotency-Key`; empty: none. */
  readonly key: string;
  readonly body: Record<string, unknown>;
}

export interface Given {
  readonly status: number;
  readonly body: object;
}

/** 'hang up': the connection is cut without an answer. */
export type Answerer = (asked: Asked, count: number) => Given | 'hang up';

export interface FakeServer {
  readonly url: string;
  readonly asked: Asked[];
}

export async function fakeServer(t: TestContext, answer: Answerer): Promise<FakeServer> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request;
      const body = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
      const key = String(headers['idempotency-key'] ?? '');
      asked.push({ method, path, authorization: headers.authorization ?? '', key, body });
      const given = answer(asked.at(-1) as Asked, asked.length);
      if (given === 'hang up') return request.socket.destroy();
      response.writeHead(given.status, { 'content-type': 'application/json' });
      return response.end(JSON.stringify(given.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, asked };
}

export const AUCTION_ID = 'a'.repeat(22);
const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);

export const SHOWN = {
  auctionId: AUCTION_ID,
  epoch: 1,
  seq: 3,
  title: 'Brass lamp',
  seller: 'seller',
  status: 'active',
  format: 'proxy',
  currency: 'USD',
  startPriceCents: 1000,
  currentPriceCents: 1250,
  minimumNextCents: 1300,
  bidCount: 2,
  leadingBidder: 'b7',
  hasReserve: false,
  reserveMet: true,
  startsAtMs: NOW_MS - 1000,
  endsAtMs: NOW_MS + 65_000,
  extensions: 0,
  softClose: { windowMs: 30_000, extensionMs: 60_000, extensionsMax: 5 },
  listedAtMs: NOW_MS - 1000,
  serverTimeMs: NOW_MS,
  description: 'Old.',
  category: [],
  fieldOfALaterVersion: 1,
};

export const ANSWERED = {
  code: 0,
  epoch: 1,
  seq: 4,
  record: 9,
  currentPriceCents: 1300,
  status: 'leading',
  minimumNextCents: 1350,
  suggestedCents: [1350, 1400, 1450],
  endsAtMs: NOW_MS + 65_000,
  serverTimeMs: NOW_MS,
};

/** One gateway over fake shards, with tokens, on free ports; and values that messages are made of. */
import type { TestContext } from 'node:test';
import { JwtVerifier } from '../../src/gateway/token-verifier.ts';
import { KeySet } from '../../src/gateway/key-set.ts';
import type { SigningKey } from '../../src/gateway/token.ts';
import { createKey, jwksOf, signToken } from '../../src/gateway/token.ts';
import type { Gateway, GatewayOptions } from '../../src/gateway/server.ts';
import { startGateway } from '../../src/gateway/server.ts';
import type { RoleName } from '../../src/gateway/user.ts';
import type { AuctionView } from '../../src/protocol/views.ts';
import { TEST_OFFICE } from '../receipt/office.ts';
import { FakeShards } from './fake-shards.ts';

export const ISSUER = 'gavel-test';
export const AUDIENCE = 'gavel-test';
export const AUCTION_A = 'AuctionAAAAAAAAAAAAAAA';
export const AUCTION_B = 'AuctionBBBBBBBBBBBBBBB';

/** Runs with real time, and can be moved forward. */
export class TestClock {
  #aheadUs = 0;
  #startUs = Date.now() * 1000;
  #startMs = performance.now();
  nowUs(): number {
    return Math.floor(this.#startUs + (performance.now() - this.#startMs) * 1000) + this.#aheadUs;
  }
  forward(ms: number): void {
    this.#aheadUs += ms * 1000;
  }
}

export interface LogEntry {
  readonly level: 'info' | 'warn' | 'error';
  readonly fields: object;
  readonly message: string;
}

export interface Fixture {
  readonly gateway: Gateway;
  readonly shards: FakeShards;
  readonly clock: TestClock;
  readonly key: SigningKey;
  readonly keys: KeySet;
  readonly logged: LogEntry[];
  token(sub: string, roles?: readonly RoleName[], ttlMs?: number): Promise<string>;
}

let sharedKey: Promise<SigningKey> | undefined;

export async function start(
  t: TestContext,
  options: Partial<GatewayOptions> & { readonly shardCount?: number } = {},
): Promise<Fixture> {
  sharedKey ??= createKey();
  const key = await sharedKey;
  const keys = new KeySet();
  await keys.replace(jwksOf(key));
  const clock = new TestClock();
  const shards = new FakeShards(options.shardCount ?? 2);
  const logged: LogEntry[] = [];
  const logAt =
    (level: LogEntry['level']) =>
    (fields: object, message: string): void =>
      void logged.push({ level, fields, message });
  const rules = { issuer: ISSUER, audience: AUDIENCE, clockToleranceMs: 5_000 };
  const nowMs = (): number => Math.floor(clock.nowUs() / 1000);
  const gateway = await startGateway({
    host: '127.0.0.1',
    port: 0,
    internalHost: '127.0.0.1',
    internalPort: 0,
    shards,
    clock,
    receipts: TEST_OFFICE,
    verifier: new JwtVerifier(keys, rules, nowMs, 1000),
    log: { info: logAt('info'), warn: logAt('warn'), error: logAt('error') },
    ...options,
  });
  t.after(() => gateway.close());
  gateway.setReady(true);
  return {
    gateway,
    shards,
    clock,
    key,
    keys,
    logged,
    token: (sub, roles = ['bidder'], ttlMs = 900_000) =>
      signToken(key, { sub, roles, ttlMs, issuer: ISSUER, audience: AUDIENCE, nowMs: nowMs() }),
  };
}

/** An auction as a shard would show it. */
export function view(over: Partial<AuctionView> = {}): AuctionView {
  return {
    auctionId: AUCTION_A,
    epoch: 1,
    seq: 0,
    title: 'A lamp',
    seller: 'sam',
    status: 'active',
    format: 'proxy',
    currency: 'USD',
    startPriceCents: 100,
    currentPriceCents: 100,
    minimumNextCents: 100,
    bidCount: 0,
    leadingBidder: 0,
    hasReserve: false,
    reserveMet: true,
    buyNowCents: null,
    startsAtMs: 1_700_000_000_000,
    endsAtMs: 4_000_000_000_000,
    extensions: 0,
    softClose: { windowMs: 30_000, extensionMs: 60_000, extensionsMax: 5 },
    listedAtMs: 1_700_000_000_000,
    endReason: null,
    winner: null,
    serverTimeMs: 1_700_000_000_001,
    ...over,
  };
}

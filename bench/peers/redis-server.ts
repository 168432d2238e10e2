/** The peer: Debian's Redis with every write synced, and the gateway in front of it. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Skipped } from '../scenario.ts';
import type { Bench } from '../scenario.ts';
import { Child, freePort, pathOf, sleep } from '../child.ts';
import { AuctionSet, CONNECTIONS, INCREMENT_CENTS, START_CENTS } from '../load/workload.ts';
import type { LoadTarget } from '../load/workload.ts';

const START_MS_MAX = 10_000;

/** For the report: what exactly we compare with. @throws Skipped where something is missing */
export function redisVersion(): string {
  const asked = spawnSync('redis-server', ['--version'], { encoding: 'utf8' });
  if (asked.error !== undefined) {
    throw new Skipped('redis-server is not installed (Debian: apt-get install redis-server)');
  }
  if (!existsSync(pathOf('node_modules/ioredis'))) {
    throw new Skipped('the peers are not installed (cd bench && npm ci)');
  }
  return /v=(\S+)/.exec(asked.stdout)?.[1] ?? 'unknown';
}

export async function startRedis(bench: Bench, auctions: number): Promise<LoadTarget> {
  const redisPort = await startServer(bench);
  const main = pathOf('peers/redis-gateway.ts');
  const gateway = new Child('the gateway to Redis', process.execPath, [main], { output: true });
  bench.defer(() => gateway.stop());
  const set = AuctionSet.made(auctions);
  const prices = { startCents: START_CENTS, incrementCents: INCREMENT_CENTS };
  gateway.process.stdin?.write(
    `${JSON.stringify({ redisPort, auctionIds: set.ids, ...prices })}\n`,
  );
  const { port } = await gateway.nextLine<{ port: number }>();
  const tokens = Array.from({ length: CONNECTIONS }, (_, i) => `bidder-${i}`);
  return { port, tokens, auctions: set };
}

async function startServer(bench: Bench): Promise<number> {
  const folder = join(bench.folder, 'redis');
  await mkdir(folder, { recursive: true });
  const port = await freePort();
  const settings = {
    port,
    bind: '127.0.0.1',
    dir: folder,
    appendonly: 'yes',
    appendfsync: 'always',
    save: '',
    'auto-aof-rewrite-percentage': 0,
    daemonize: 'no',
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, `${value}`]);
  const child = new Child('redis-server', 'redis-server', args);
  bench.defer(() => child.stop());
  const endMs = performance.now() + START_MS_MAX;
  while (!(await answers(port))) {
    if (!child.isRunning || performance.now() > endMs) throw await child.failure('did not start');
    await sleep(20);
  }
  return port;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.once('data', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

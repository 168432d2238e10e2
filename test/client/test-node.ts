/** A whole node on free ports of this machine and a folder of its own, in the test's process. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { pino } from 'pino';
import { loadConfig } from '../../src/config/load-config.ts';
import type { RunningNode } from '../../src/node/server.ts';
import { startNode } from '../../src/node/server.ts';

/** By folder, the nodes that were started there. */
const nodes = new Map<string, RunningNode[]>();

/** A folder that goes when the test is over, after the nodes that write into it. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'gavel-client-'));
  t.after(async () => {
    await Promise.all((nodes.get(folder) ?? []).map((node) => node.stop()));
    nodes.delete(folder);
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/**
 * A port that was free a moment ago, for a server that has to come back to it. (What was bound to
 * port 0 cannot be bound again for a while: the library lets only a named port be used anew.)
 */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

/** Stopped when its folder goes, if not before. @param port 0: any. */
export async function nodeIn(
  folder: string,
  port = 0,
  more: Readonly<Record<string, string>> = {},
): Promise<RunningNode> {
  const flags = new Map(
    Object.entries({
      'data.folder': join(folder, 'data'),
      'server.host': '127.0.0.1',
      'server.port': `${port}`,
      'server.internalPort': '0',
      // Nobody else is there: no need to send clients away one by one.
      'server.drain': '100ms',
      ...more,
    }).map(([path, text]) => [path, { text, flag: path }]),
  );
  const { settings } = loadConfig({ flags, folder });
  const node = await startNode(settings, pino({ level: 'silent' }));
  let stopped: Promise<void> | null = null;
  const stop = (): Promise<void> => (stopped ??= node.stop());
  const once = { ...node, stop };
  nodes.set(folder, [...(nodes.get(folder) ?? []), once]);
  return once;
}

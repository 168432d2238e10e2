/** docs/operations.md names every metric of a running server, with its kind and labels, and no other. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SUBSCRIBE } from '../../src/protocol/messages/subscribe.ts';
import { readDoc, sectionOf, tableOf } from '../protocol/markdown.ts';
import { Server } from './harness.ts';
import { list, rest, WireClient } from './wire-client.ts';

/** What every histogram has for its buckets. */
const OF_HISTOGRAMS = 'le';

interface Metric {
  readonly kind: string;
  readonly labels: string;
}

function documented(): Map<string, Metric> {
  const rows = tableOf(sectionOf(readDoc('operations.md'), 'Metrics'));
  return new Map(
    rows.map(([metric = '', kind = '', meaning = '']) => {
      assert.notEqual(meaning, '', metric);
      const [, name = '', labels = ''] = /^(\w+)(?:\{([\w,]+)\})?$/.exec(metric) ?? [];
      return [name, { kind, labels }];
    }),
  );
}

/** From the text for Prometheus; labels only where there is a sample. */
function shown(text: string): Map<string, Metric> {
  const metrics = new Map<string, Metric>();
  for (const [, name = '', kind = ''] of text.matchAll(/^# TYPE (\w+) (\w+)$/gm)) {
    const sample = new RegExp(`^${name}(?:_bucket)?\\{([^}]*)\\}`, 'm').exec(text)?.[1] ?? '';
    const labels = Array.from(sample.matchAll(/(\w+)="/g), ([, label]) => label);
    const own = labels.filter((label) => label !== OF_HISTOGRAMS);
    metrics.set(name, { kind, labels: own.toSorted().join(',') });
  }
  return metrics;
}

test('every metric stands in the docs, and the docs name no other', async (t) => {
  const server = await Server.start({ env: { GAVEL_SERVER_ALLOW_ANONYMOUS: 'true' } });
  t.after(() => server.kill());
  const seller = await server.token('seller', ['seller']);
  const { auctionId } = await list(server.url, seller);
  // One of everything that only has a label once it has happened: a refusal, a close.
  assert.equal((await rest(server.url, 'wrong', 'GET', '/v1/auctions')).status, 401);
  const client = await WireClient.connect(server.url, await server.token('ann'), true);
  const value = { id: 1, auctionId: auctionId as string, epoch: null, seq: null };
  await client.ask(SUBSCRIBE, value);
  const wrong = await WireClient.connect(server.url, null);
  wrong.sendText('not of this protocol');
  await wrong.closed;

  const metrics = await fetch(`${server.ready.internalUrl}/metrics`);
  const told = shown(await metrics.text());
  const inDocs = documented();
  assert.deepEqual([...inDocs.keys()].toSorted(), [...told.keys()].toSorted());
  for (const [name, { kind, labels }] of told) {
    assert.deepEqual({ name, ...inDocs.get(name) }, { name, kind, labels });
  }
});

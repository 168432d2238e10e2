/**
 * Loaded into a server before its program (`--import`): a shard's thread that ends once, right after a
 * batch with a certain nonce was committed and before anybody was told of it.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread, workerData } from 'node:worker_threads';

export const DEADLY_NONCE = 'deadly-after-the-commit';
/** Left in the data folder. */
export const DIED = 'died-once';

if (!isMainThread && typeof (workerData as { inbound?: unknown }).inbound === 'object') {
  const { Shard } = await import('../../src/shard/shard.ts');
  const { Outbox } = await import('../../src/shard/outbox.ts');
  const marker = join((workerData as { folder: string }).folder, DIED);
  let isDeadly = false;
  const take = Reflect.get(Shard.prototype, 'take') as typeof Shard.prototype.take;
  Shard.prototype.take = function hurt(...args): void {
    const [, , , bytes, from = 0, to = bytes.length] = args;
    isDeadly ||= Buffer.from(bytes.slice(from, to)).includes(DEADLY_NONCE);
    take.apply(this, args);
  };
  const release = Reflect.get(Outbox.prototype, 'release') as typeof Outbox.prototype.release;
  Outbox.prototype.release = function hurt(...args): void {
    if (isDeadly && !existsSync(marker)) {
      writeFileSync(marker, '');
      process.exit(3);
    }
    release.apply(this, args);
  };
}

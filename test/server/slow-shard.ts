/** Loaded into a server before its program (`--import`): shards that take their time for every frame. */
import { isMainThread, workerData } from 'node:worker_threads';

const FRAME_MS = 4;

if (!isMainThread && typeof (workerData as { inbound?: unknown }).inbound === 'object') {
  const { Shard } = await import('../../src/shard/shard.ts');
  const nobodyWakes = new Int32Array(new SharedArrayBuffer(4));
  const take = Reflect.get(Shard.prototype, 'take') as typeof Shard.prototype.take;
  Shard.prototype.take = function slow(...args): void {
    Atomics.wait(nobodyWakes, 0, 0, FRAME_MS);
    take.apply(this, args);
  };
}

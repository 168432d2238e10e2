/** What the loops say to a hello, so that the same watchers take them for a server. */
import { MsgpackWriter } from '../../src/lib/msgpack-writer.ts';
import { WELCOME } from '../../src/protocol/messages/welcome.ts';

export function sampleWelcome(): Uint8Array {
  const writer = new MsgpackWriter(64);
  const tickMs = 25_000;
  WELCOME.write(writer, {
    id: 1,
    userId: 'watcher',
    protocol: 1,
    expiresAtMs: 0,
    serverTimeMs: 0,
    tickMs,
    position: null,
    recovered: null,
    missed: null,
  });
  return writer.copy();
}

/** Whether the gateway takes work: not before the shards have recovered, not while it stops. */
import type { RefusalName } from '../protocol/refusals.ts';

export class LifeCycle {
  #state: 'starting' | 'ready' | 'stopping' = 'starting';

  setReady(ready: boolean): void {
    if (this.#state !== 'stopping') this.#state = ready ? 'ready' : 'starting';
  }

  stop(): void {
    this.#state = 'stopping';
  }

  /** Why new work is refused at present; undefined: it is not. */
  refusal(): RefusalName | undefined {
    if (this.#state === 'ready') return undefined;
    return this.#state === 'starting' ? 'NOT_READY' : 'SHUTTING_DOWN';
  }
}

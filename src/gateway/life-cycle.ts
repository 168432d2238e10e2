/**
 * Whether the gateway takes work: not before the shards have recovered, not while it stops.
 *
 *   starting ─▶ ready ─▶ finishing (what is open goes on, nobody new comes in) ─▶ stopping
 */
import type { RefusalName } from '../protocol/refusals.ts';

export class LifeCycle {
  #state: 'starting' | 'ready' | 'finishing' | 'stopping' = 'starting';

  setReady(ready: boolean): void {
    if (this.#state === 'starting' || this.#state === 'ready') {
      this.#state = ready ? 'ready' : 'starting';
    }
  }

  finish(): void {
    if (this.#state !== 'stopping') this.#state = 'finishing';
  }

  stop(): void {
    this.#state = 'stopping';
  }

  /** Why new work is refused at present; undefined: it is not. */
  refusal(): RefusalName | undefined {
    return this.#state === 'finishing' ? undefined : this.refusalOfNew();
  }

  /** Why nobody new is let in at present; undefined: everybody is. */
  refusalOfNew(): RefusalName | undefined {
    if (this.#state === 'ready') return undefined;
    return this.#state === 'starting' ? 'NOT_READY' : 'SHUTTING_DOWN';
  }
}

/**
 * The outbox in its plainest form: one line of JSON a letter, in a file that only its owner may
 * read. Whoever sends mail reads from it. It holds tokens, so it is neither logged nor copied into
 * snapshots.
 */
import { appendFileSync } from 'node:fs';
import type { Letter, Outbox } from '../account/requests.ts';

export class OutboxFile implements Outbox {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  deliver(letter: Letter): void {
    appendFileSync(this.#path, `${JSON.stringify(letter)}\n`, { mode: 0o600 });
  }
}

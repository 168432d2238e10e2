/**
 * The file that `gavel auction bid --receipt FILE` leaves. It is opened before the bid is sent: a
 * place that cannot be written is said while nothing has happened yet, and no receipt that is there
 * already is overwritten. A bid without a receipt leaves no file.
 */
import { closeSync, existsSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { CliError, onFile } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import type { Json } from './server-api.ts';
import type { Terminal } from './terminal.ts';

export class ReceiptFile {
  readonly #terminal: Terminal;
  readonly #path: string;
  /** null once the outcome is known. */
  #open: number | null;

  /** @throws CliError where the file is there already or cannot be written */
  constructor(given: string, terminal: Terminal) {
    this.#terminal = terminal;
    this.#path = resolve(terminal.folder, given);
    if (existsSync(this.#path)) {
      const next = 'Name a file that is not there yet.';
      throw new CliError(EXIT.usage, `${given} is there already, and is kept`, next);
    }
    this.#open = onFile(this.#path, () => openSync(this.#path, 'wx', 0o600));
  }

  /** Keeps what came with an answer: of an accepted bid, and of one that was refused as well. */
  keep(answer: Json): void {
    const { receipt, record } = answer;
    if (typeof receipt !== 'string') {
      this.close();
      if (typeof record !== 'number') return;
      const later = `GET /v1/auctions/ID/bids/${record}/receipt gives it later`;
      return this.#terminal.err(`The receipt did not come with the answer; ${later}.`);
    }
    const file = this.#open;
    if (file === null) return;
    try {
      onFile(this.#path, () => writeFileSync(file, `${receipt}\n`));
    } catch (error) {
      // What was signed must not be lost to a full disk.
      this.#terminal.err(`The receipt, for you to keep: ${receipt}`);
      throw error;
    }
    closeSync(file);
    this.#open = null;
    this.#terminal.err(`Receipt: ${this.#path} (check it: gavel verify --receipt FILE)`);
  }

  /** Leaves no empty file behind. */
  close(): void {
    if (this.#open === null) return;
    closeSync(this.#open);
    this.#open = null;
    rmSync(this.#path, { force: true });
  }
}

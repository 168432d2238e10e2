/** Progress of long work on stderr: one line drawn again for a person, nothing in a pipe. */
import type { Terminal } from './terminal.ts';

const REDRAW_MS = 100;

export class Progress {
  readonly #terminal: Terminal;
  readonly #unit: string;
  readonly #startedMs = performance.now();
  #drawnMs = 0;

  constructor(terminal: Terminal, unit: string) {
    this.#terminal = terminal;
    this.#unit = unit;
  }

  get elapsedMs(): number {
    return performance.now() - this.#startedMs;
  }

  /** Shows how far it is; `total` 0: not known. */
  at(what: string, done: number, total: number): void {
    if (!this.#terminal.interactiveErrors) return;
    const nowMs = performance.now();
    if (nowMs - this.#drawnMs < REDRAW_MS) return;
    this.#drawnMs = nowMs;
    const share = total > 0 ? ` ${Math.floor((done * 100) / total)} %` : '';
    const line = `${what}${share}  ${grouped(done)} ${this.#unit}, ${this.rate(done)}`;
    this.#terminal.writeErrors(`\r\x1b[2K${line.slice(0, this.#terminal.columns - 1)}`);
  }

  /** Takes the line away. */
  end(): void {
    if (this.#terminal.interactiveErrors) this.#terminal.writeErrors('\r\x1b[2K');
  }

  rate(done: number): string {
    return `${grouped(Math.round((done * 1000) / Math.max(1, this.elapsedMs)))}/s`;
  }
}

/** 1234567 → 1,234,567 */
export function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

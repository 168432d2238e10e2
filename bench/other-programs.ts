/**
 * How much of the machine other programs took while a scenario ran: figures from a busy machine
 * are worth little, and this tells. Linux only; elsewhere nothing is known.
 */
import { readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100;
/** In /proc/self/stat behind the name: utime, stime, and those of children that have ended. */
const OWN_FROM = 11;
const OWN_TO = 15;
/** In /proc/stat: user, nice, system, (idle, iowait,) irq, softirq. */
const BUSY_FIELDS = [0, 1, 2, 5, 6];

export class OtherPrograms {
  readonly #startedMs = performance.now();
  readonly #othersAtStart = othersTicks();

  /** Cores taken by others since this was made; null: not known. All own children have ended. */
  cores(): number | null {
    const now = othersTicks();
    if (now === null || this.#othersAtStart === null) return null;
    const seconds = (performance.now() - this.#startedMs) / 1000;
    const cores = (now - this.#othersAtStart) / TICKS_PER_SECOND / seconds;
    return Math.max(0, Math.round(cores * 100) / 100);
  }
}

function othersTicks(): number | null {
  try {
    const all = numbers(
      readFileSync('/proc/stat', 'utf8').split('\n')[0]?.replace('cpu', '') ?? '',
    );
    const own = numbers(readFileSync('/proc/self/stat', 'utf8').replace(/^.*\) \S+/s, '0'));
    const busy = BUSY_FIELDS.reduce((sum, field) => sum + (all[field] ?? 0), 0);
    return busy - own.slice(OWN_FROM, OWN_TO).reduce((sum, ticks) => sum + ticks, 0);
  } catch {
    return null;
  }
}

function numbers(text: string): number[] {
  return text.trim().split(/\s+/).map(Number);
}

/**
 * When a shard's thread that died is started again, and when it is given up. A new thread goes on
 * with the first frame that the old one had not finished, so a frame that breaks the shard would
 * break it for ever:
 *
 *   deaths without a finished frame   1 · 2    start again
 *                                     3 … 8    drop the frame in front, start again
 *                                     9        give up: it is not the frames
 *   deaths within ten minutes         each waits longer than the one before; 30: give up
 *
 * Deaths that a dropped frame explains do not count among those thirty: else whoever finds a frame
 * that breaks a shard could end the server with ten of them.
 */
import { RESTARTS } from '../config/limits.ts';

export interface Verdict {
  /** The frame in front is what the thread died of. */
  readonly dropFront: boolean;
  /** Why no further thread is worth trying; null: one is. */
  readonly giveUp: string | null;
  /** Before the next one is started. */
  readonly waitMs: number;
}

export class RestartPolicy {
  #finished: number | null = null;
  #inARow = 0;
  /** Deaths that nothing explains yet; those of the present row are the last ones. */
  #recentMs: readonly number[] = [];
  /** Of the present row, those among the recent ones. */
  #unexplained = 0;

  /**
   * @param nowMs of any clock that does not go back.
   * @param finished what the threads have finished so far; only whether it changed matters.
   */
  died(nowMs: number, finished: number): Verdict {
    const isSameRow = finished === this.#finished;
    this.#inARow = isSameRow ? this.#inARow + 1 : 1;
    this.#unexplained = isSameRow ? this.#unexplained + 1 : 1;
    this.#finished = finished;
    this.#recentMs = [...this.#recentMs.filter((ms) => ms > nowMs - RESTARTS.windowMs), nowMs];
    const dropFront = this.#inARow > RESTARTS.deathsBeforeDrop;
    const verdict = { dropFront, giveUp: this.#giveUp(), waitMs: this.#waitMs() };
    if (dropFront) {
      this.#recentMs = this.#recentMs.slice(0, -this.#unexplained);
      this.#unexplained = 0;
    }
    return verdict;
  }

  #giveUp(): string | null {
    if (this.#inARow > RESTARTS.deathsInARowMax) return `it died ${this.#inARow} times in a row`;
    const recent = this.#recentMs.length;
    if (recent <= RESTARTS.deathsInWindowMax) return null;
    return `it died ${recent} times in ${RESTARTS.windowMs / 60_000} minutes`;
  }

  #waitMs(): number {
    const before = this.#recentMs.length - 1;
    if (before === 0) return 0;
    return Math.min(RESTARTS.waitMsMax, RESTARTS.waitMs * 2 ** (before - 1));
  }
}

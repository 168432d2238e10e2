/**
 * Time as the simulation has it: a queue of what happens when, in microseconds since its start.
 * What falls on the same microsecond happens in the order in which it was asked for.
 */
interface Entry {
  readonly atUs: number;
  readonly order: number;
  readonly run: () => void;
}

export class Schedule {
  readonly #heap: Entry[] = [];
  #orders = 0;
  #nowUs = 0;
  #steps = 0;

  get nowUs(): number {
    return this.#nowUs;
  }

  /** What has happened so far. */
  get steps(): number {
    return this.#steps;
  }

  after(delayUs: number, run: () => void): void {
    this.#push({
      atUs: this.#nowUs + Math.max(0, Math.round(delayUs)),
      order: this.#orders++,
      run,
    });
  }

  /** Does the next thing; false: nothing is left before `untilUs`. */
  step(untilUs: number): boolean {
    const first = this.#heap[0];
    if (first === undefined || first.atUs > untilUs) {
      this.#nowUs = untilUs;
      return false;
    }
    this.#pop();
    this.#nowUs = first.atUs;
    this.#steps += 1;
    first.run();
    return true;
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (!isBefore(entry, heap[parent] as Entry)) break;
      heap[at] = heap[parent] as Entry;
      at = parent;
    }
    heap[at] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Entry;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      const right = child + 1;
      if (right < heap.length && isBefore(heap[right] as Entry, heap[child] as Entry))
        child = right;
      if (!isBefore(heap[child] as Entry, last)) break;
      heap[at] = heap[child] as Entry;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(one: Entry, other: Entry): boolean {
  return one.atUs < other.atUs || (one.atUs === other.atUs && one.order < other.order);
}

/** How far the read model has got with each shard, in memory that both threads see. */
const DOUBLES = 2;

export class ReadModelStatus {
  readonly #doubles: Float64Array;

  constructor(memory: SharedArrayBuffer) {
    this.#doubles = new Float64Array(memory);
  }

  static bytes(shards: number): number {
    return shards * DOUBLES * 8;
  }

  /** By the projector. */
  show(shard: number, seq: number, atUs: number): void {
    this.#doubles[shard * DOUBLES] = seq;
    this.#doubles[shard * DOUBLES + 1] = atUs;
  }

  seq(shard: number): number {
    return this.#doubles[shard * DOUBLES] as number;
  }

  /** The clock of the newest batch that is in. */
  atUs(shard: number): number {
    return this.#doubles[shard * DOUBLES + 1] as number;
  }
}

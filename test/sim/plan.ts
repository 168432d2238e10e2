/**
 * What a seed decides before anything happens: how large the world is, and how hostile. Each seed
 * turns some of the knobs off, so that rare things also meet a calm world (swarm testing).
 */
import { Random } from './random.ts';

/** Kinds of faults; each can be left out to see whether a failure needs it. */
export const FAULTS = [
  'process kill',
  'power cut',
  'crash in commit',
  'commit error',
  'thread death',
  'connection reset',
  'slow reader',
  'server pause',
  'clock step',
  'repeated command',
  'snapshot error',
  'overload',
] as const;
export type Fault = (typeof FAULTS)[number];

export interface Plan {
  readonly seed: number;
  readonly shards: number;
  readonly clients: number;
  readonly auctions: number;
  /** Commands of all clients together. */
  readonly commands: number;
  /** While faults are injected, microseconds; afterwards everything has to come right. */
  readonly faultyUs: number;
  /** How often a fault of a kind strikes: times a simulated second, or a probability. 0: never. */
  readonly faults: Readonly<Record<Fault, number>>;
  /** Of writes that were not synced, this share is lost with the power. */
  readonly lostShare: number;
  readonly batchMax: number;
  readonly latencyUs: number;
  readonly snapshotEveryUs: number;
  /** At most one update of an auction in this time; 0: every one. */
  readonly conflationMs: number;
  readonly bidsPerMinuteMax: number | null;
  /** Null: no auction gets back the time of an outage. */
  readonly outageCreditWithinMs: number | null;
}

export interface Limits {
  readonly without?: readonly Fault[];
  readonly clients?: number | undefined;
  readonly auctions?: number | undefined;
  readonly commands?: number | undefined;
  readonly faultyUs?: number | undefined;
}

const SECOND_US = 1_000_000;

export function planOf(seed: number, limits: Limits = {}): Plan {
  const random = new Random(seed);
  const faults = {} as Record<Fault, number>;
  for (const fault of FAULTS) {
    const rate = RATES[fault] * (0.3 + 1.7 * random.next());
    const isOn = random.chance(0.6);
    faults[fault] = isOn && !(limits.without ?? []).includes(fault) ? rate : 0;
  }
  return {
    seed,
    shards: random.pick([1, 1, 2]),
    clients: Math.min(random.between(1, 7), limits.clients ?? Infinity),
    auctions: Math.min(random.between(1, 6), limits.auctions ?? Infinity),
    commands: Math.min(random.pick([30, 80, 150]), limits.commands ?? Infinity),
    faultyUs: Math.min(random.between(1, 4) * SECOND_US, limits.faultyUs ?? Infinity),
    faults,
    lostShare: 0.8 + 0.2 * random.next(),
    batchMax: random.pick([1, 4, 64, 1024]),
    latencyUs: random.pick([20, 300, 3_000, 30_000]),
    snapshotEveryUs: random.pick([20_000, 200_000, 10 * SECOND_US]),
    conflationMs: random.pick([0, 5, 50]),
    bidsPerMinuteMax: random.pick([null, null, 20]),
    outageCreditWithinMs: random.pick([null, 0, 500, 600_000]),
  };
}

/** Times a second, for whole processes and lines; probabilities for single commits and commands. */
const RATES: Readonly<Record<Fault, number>> = {
  'process kill': 0.7,
  'power cut': 0.7,
  'crash in commit': 0.02,
  'commit error': 0.01,
  'thread death': 1,
  'connection reset': 3,
  'slow reader': 0.5,
  'server pause': 1,
  'clock step': 0.5,
  'repeated command': 0.2,
  'snapshot error': 0.1,
  overload: 0.02,
};

/** The seam between the gateway and the read model, which lives in threads of its own. */
import type { Question } from '../projection/questions.ts';

/** The answer as JSON, or why there is none. */
export type Found =
  { readonly json: string } | { readonly fault: 'not ready' | 'overloaded' | 'cursor' | 'failed' };

export interface DiscoveryPort {
  ask(question: Question): Promise<Found>;
  /** For /metrics, by shard: how far the read model is behind. */
  lag(nowUs: number): readonly { readonly records: number; readonly seconds: number }[];
}

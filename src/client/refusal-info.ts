/** A refusal as the SDK shows it: the number with its name, sentence and advice. */
import type { Refused } from '../protocol/messages/refused.ts';
import { refusalName, REFUSALS } from '../protocol/refusals.ts';

export interface RefusalInfo {
  readonly code: number;
  /** For instance `BID_TOO_LOW`; `CODE_3999` for a number of a later version. */
  readonly name: string;
  /** One sentence for people. */
  readonly message: string;
  /** Whether the same may succeed later: from 3000 to 3999 with a new nonce, else with the same. */
  readonly retryable: boolean;
  readonly retryAfterMs: number | null;
  /** The place in the message that is wrong, for instance `amountCents`. */
  readonly field: string | null;
  /** What is wrong with it. */
  readonly reason: string | null;
}

export type RefusalDetails = Omit<Refused, 'id'>;

export function refusalInfo({ code, retryAfterMs, field, reason }: RefusalDetails): RefusalInfo {
  const name = refusalName(code);
  if (name === undefined) {
    const message = `Refused with the number ${code}.`;
    const retryable = retryAfterMs !== null;
    return { code, name: `CODE_${code}`, message, retryable, retryAfterMs, field, reason };
  }
  const { message, retryable } = REFUSALS[name];
  return { code, name, message, retryable, retryAfterMs, field, reason };
}

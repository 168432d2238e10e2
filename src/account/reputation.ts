/**
 * What the feedback that somebody got comes to, after eBay: a member's opinion counts once a week.
 * All ratings that one person gave another within a week (Monday to Sunday, UTC) are one voice:
 * positive if the positive ones are more, negative if the negative ones are, else neutral.
 *
 *   score             positive voices − negative voices, of all time
 *   positive percent  positive of the positive and negative voices of 12 months
 */
import { DAY_MS, PEOPLE } from '../config/limits.ts';
import type { FeedbackSide, Rating } from './events.ts';

/** What the sums need to know of a rating. */
export interface Rated {
  readonly by: unknown;
  readonly as: FeedbackSide;
  readonly rating: Rating;
  readonly atMs: number;
}

export interface Voices {
  readonly positive: number;
  readonly neutral: number;
  readonly negative: number;
}

export interface Reputation extends Voices {
  readonly score: number;
  /** With one decimal; null: nobody spoke for or against within 12 months. */
  readonly positivePercent: number | null;
  /** Within the last so many months of 30 days. */
  readonly months: { readonly 1: Voices; readonly 6: Voices; readonly 12: Voices };
  /** Of buyers, about the seller; and of sellers, about the buyer. */
  readonly asSeller: Voices & { readonly score: number };
  readonly asBuyer: Voices & { readonly score: number };
}

/** Weeks begin on Monday; the first of January 1970 was a Thursday. */
export function weekOf(atMs: number): number {
  return Math.floor((Math.floor(atMs / DAY_MS) + 3) / 7);
}

/** @param received in the order of leaving */
export function reputationOf(received: readonly Rated[], nowMs: number): Reputation {
  const within = (months: number): Voices =>
    voicesOf(received.filter(({ atMs }) => atMs > nowMs - months * PEOPLE.monthMs));
  const all = voicesOf(received);
  const year = within(12);
  const spoken = year.positive + year.negative;
  return {
    ...all,
    score: scoreOf(all),
    positivePercent: spoken === 0 ? null : Math.round((1000 * year.positive) / spoken) / 10,
    months: { 1: within(1), 6: within(6), 12: year },
    asSeller: side(received, 'buyer'),
    asBuyer: side(received, 'seller'),
  };
}

/** What the other side said. */
function side(received: readonly Rated[], by: FeedbackSide): Voices & { readonly score: number } {
  const voices = voicesOf(received.filter((each) => each.as === by));
  return { score: scoreOf(voices), ...voices };
}

function voicesOf(received: readonly Rated[]): Voices {
  /** By author and week, the sum of the ratings. */
  const sums = new Map<unknown, Map<number, number>>();
  for (const { by, rating, atMs } of received) {
    const weeks = sums.get(by) ?? new Map<number, number>();
    sums.set(by, weeks);
    const week = weekOf(atMs);
    weeks.set(week, (weeks.get(week) ?? 0) + rating);
  }
  const voices = [...sums.values()].flatMap((weeks) => [...weeks.values()]);
  return {
    positive: voices.filter((sum) => sum > 0).length,
    neutral: voices.filter((sum) => sum === 0).length,
    negative: voices.filter((sum) => sum < 0).length,
  };
}

function scoreOf({ positive, negative }: Voices): number {
  return positive - negative;
}

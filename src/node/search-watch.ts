/**
 * Holds what is listed against the saved searches, every now and then, and tells whom it may concern.
 * The read model answers with the same conditions as a search. Nothing of this is on a bid's path, and
 * nothing is kept: what was listed around a crash may go untold, and is found by the search itself.
 *
 *   every 15 s: read model: what is new? ──▶ accounts: a page of searches ─┐◀─ next page
 *                                            private feed ◀── read model: what fits? ◀─┘
 */
import type { PeopleAnswers, PeopleNews } from '../account/people-requests.ts';
import { PEOPLE } from '../config/limits.ts';
import type { PeoplePort } from '../gateway/account-port.ts';
import type { DiscoveryPort } from '../gateway/discovery-port.ts';
import { savedSearchOf } from '../gateway/discovery-routes.ts';
import type { Log } from '../lib/log.ts';
import type { Answers, Question } from '../projection/questions.ts';

export interface SearchWatchOptions {
  readonly people: PeoplePort;
  readonly discovery: DiscoveryPort;
  readonly tell: (news: PeopleNews) => void;
  readonly log: Pick<Log, 'error'>;
}

export class SearchWatch {
  readonly #options: SearchWatchOptions;
  /** Null: nothing has been looked at yet. */
  #after: readonly number[] | null = null;
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> = Promise.resolve();

  constructor(options: SearchWatchOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = setTimeout(() => {
      this.#running = this.look()
        .catch((error: unknown) => {
          const message = error instanceof Error ? error.message : String(error);
          this.#options.log.error({ message }, 'saved searches could not be looked at');
        })
        .finally(() => {
          if (this.#timer !== null) this.start();
        });
    }, PEOPLE.searchesEveryMs);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    await this.#running;
  }

  /** One round. Where somebody does not answer now, the next round looks at the same. */
  async look(): Promise<void> {
    const asked = { kind: 'fresh', after: this.#after, limit: PEOPLE.freshMax } as const;
    const fresh = await this.#find<'fresh'>(asked);
    if (fresh === null) return;
    const { keys, next } = fresh;
    if (keys.length > 0 && !(await this.#tellOf(keys))) return;
    this.#after = next;
  }

  /** False: not all searches could be asked about. */
  async #tellOf(keys: readonly number[]): Promise<boolean> {
    const { tell } = this.#options;
    for (let after: number | null = 0; after !== null;) {
      const page = await this.#searchesAfter(after);
      if (page === null) return false;
      const { searches } = page;
      const questions = searches.map(({ userId, query }) => ({
        userId,
        question: savedSearchOf(query),
      }));
      const fits = { kind: 'fits', keys, searches: questions, limit: PEOPLE.foundMax } as const;
      const found = searches.length === 0 ? { found: [] } : await this.#find<'fits'>(fits);
      if (found === null) return false;
      for (const [i, { userId, id: search, name }] of searches.entries()) {
        for (const { auctionId, title } of found.found[i] ?? []) {
          tell({ kind: 'found', userId, search, name, auctionId, title });
        }
      }
      after = page.next;
    }
    return true;
  }

  async #searchesAfter(after: number): Promise<PeopleAnswers['allSearches'] | null> {
    const limit = PEOPLE.searchesAtOnce;
    const reply = await this.#options.people.ask<'allSearches'>({
      kind: 'allSearches',
      after,
      limit,
    });
    return reply.refusal === null ? reply.answer : null;
  }

  async #find<K extends 'fresh' | 'fits'>(
    question: Extract<Question, { kind: K }>,
  ): Promise<Answers[K] | null> {
    const found = await this.#options.discovery.ask(question);
    return 'json' in found ? (JSON.parse(found.json) as Answers[K]) : null;
  }
}

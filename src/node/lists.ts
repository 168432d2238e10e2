/** What can be found here, and the watch over saved searches that tells of it: up and down together. */
import type { PeopleNews } from '../account/people-requests.ts';
import type { PeoplePort } from '../gateway/account-port.ts';
import type { DiscoveryPort } from '../gateway/discovery-port.ts';
import type { ReadModelOptions } from './read-model.ts';
import { ReadModel } from './read-model.ts';
import { SearchWatch } from './search-watch.ts';

export interface ListsOptions extends ReadModelOptions {
  readonly people: PeoplePort;
  readonly tell: (news: PeopleNews) => void;
}

export class Lists {
  readonly #model: ReadModel;
  readonly #searches: SearchWatch;

  constructor(options: ListsOptions) {
    const { people, tell, log } = options;
    this.#model = new ReadModel(options);
    this.#searches = new SearchWatch({ people, discovery: this.#model, tell, log });
  }

  get discovery(): DiscoveryPort {
    return this.#model;
  }

  /** The shards and the accounts have recovered: their logs are there. */
  start(): void {
    this.#model.start();
    this.#searches.start();
  }

  async stop(): Promise<void> {
    await Promise.all([this.#searches.stop(), this.#model.stop()]);
  }
}

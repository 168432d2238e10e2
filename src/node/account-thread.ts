/**
 * The accounts' thread as the main thread sees it: requests in a bounded number, replies, and what
 * has to end at once. If it dies the node stops, as with a commit that failed: recovery is the
 * normal start.
 */
import { Worker } from 'node:worker_threads';
import type { AccountReply, AccountRequest, Profile, Revocation } from '../account/requests.ts';
import type {
  PeopleAnswers,
  PeopleNews,
  PeopleReply,
  PeopleRequest,
} from '../account/people-requests.ts';
import { ACCOUNTS } from '../config/limits.ts';
import type { AccessToken, AccountPort, PeoplePort } from '../gateway/account-port.ts';
import type { SigningKey } from '../gateway/token.ts';
import { signToken } from '../gateway/token.ts';
import { must } from '../lib/assert.ts';
import type { Log } from '../lib/log.ts';

export interface AccountWorkerData {
  readonly folder: string;
  readonly epoch: number;
  readonly hashCost: number;
  readonly refreshTtlMs: number;
  readonly resetTtlMs: number;
}

export type ToAccounts =
  | { readonly kind: 'request'; readonly id: number; readonly request: AccountRequest }
  | { readonly kind: 'people'; readonly id: number; readonly request: PeopleRequest }
  | { readonly kind: 'stop' };

export interface AccountFailure {
  readonly name: string;
  readonly message: string;
  readonly uncertain: boolean;
}

export type FromAccounts =
  | {
      readonly kind: 'ready';
      readonly accounts: number;
      readonly lastSeq: number;
      readonly revocations: readonly Revocation[];
    }
  | { readonly kind: 'reply'; readonly id: number; readonly reply: AnyReply }
  | { readonly kind: 'revoke'; readonly revocation: Revocation }
  | { readonly kind: 'news'; readonly news: PeopleNews }
  | ({ readonly kind: 'failed' } & AccountFailure);

type AnyReply = AccountReply | PeopleReply<PeopleAnswers[PeopleRequest['kind']]>;

export interface AccountThreadOptions {
  readonly data: AccountWorkerData;
  /** Null: people sign in elsewhere, and only keep things here. */
  readonly key: SigningKey | null;
  readonly issuer: string;
  readonly audience: string;
  readonly accessTtlMs: number;
  readonly log: Log;
  readonly onRevoked: (revocation: Revocation) => void;
  readonly onNews: (news: PeopleNews) => void;
  readonly onFatal: (failure: AccountFailure) => void;
}

export class AccountThread implements AccountPort, PeoplePort {
  readonly #options: AccountThreadOptions;
  readonly #waiting = new Map<number, (reply: AnyReply) => void>();
  #worker: Worker | null = null;
  #stopping = false;
  #exited: Promise<void> = Promise.resolve();
  #lastId = 0;

  constructor(options: AccountThreadOptions) {
    this.#options = options;
  }

  /** Recovers; resolves with what tokens given out earlier have lost. */
  start(): Promise<readonly Revocation[]> {
    const { data, log, onRevoked, onNews, onFatal } = this.#options;
    const url = new URL('./account-worker.ts', import.meta.url);
    const worker = new Worker(url, { workerData: data, name: 'accounts' });
    this.#worker = worker;
    this.#exited = new Promise((resolve) => worker.on('exit', () => resolve()));
    let hasFailed = false;
    return new Promise((resolve) => {
      const fail = (failure: AccountFailure): void => {
        if (hasFailed) return;
        hasFailed = true;
        for (const answer of this.#waiting.values()) answer({ refusal: 'UNKNOWN_OUTCOME' });
        this.#waiting.clear();
        this.#worker = null;
        onFatal(failure);
      };
      worker.on('message', (message: FromAccounts) => {
        if (message.kind === 'reply') return this.#answer(message.id, message.reply);
        if (message.kind === 'revoke') return onRevoked(message.revocation);
        if (message.kind === 'news') return onNews(message.news);
        if (message.kind === 'failed') return fail(message);
        const { accounts, lastSeq, revocations } = message;
        log.info({ accounts, lastSeq }, 'accounts recovered');
        resolve(revocations);
      });
      worker.on('error', (error) => {
        const { name, message } = error as Error;
        fail({ name, message, uncertain: true });
      });
      worker.on('exit', (code) => {
        if (this.#stopping) return;
        fail({ name: 'Error', message: `the thread ended with code ${code}`, uncertain: true });
      });
    });
  }

  async call(request: AccountRequest): Promise<AccountReply> {
    return (await this.#send({ kind: 'request', request })) as AccountReply;
  }

  async ask<K extends PeopleRequest['kind']>(
    request: Extract<PeopleRequest, { kind: K }>,
  ): Promise<PeopleReply<PeopleAnswers[K]>> {
    return (await this.#send({ kind: 'people', request })) as PeopleReply<PeopleAnswers[K]>;
  }

  async sign(profile: Profile, session: string): Promise<AccessToken> {
    const { issuer, audience, accessTtlMs: ttlMs } = this.#options;
    const key = must(this.#options.key, 'only those sign in here who have an account here');
    const { userId: sub, roles, version: ver, tier } = profile;
    const nowMs = Date.now();
    const account = { sid: session, ver, tier };
    const token = await signToken(key, {
      sub,
      roles,
      ttlMs,
      issuer,
      audience,
      nowMs,
      account,
    });
    return { token, expiresAtMs: nowMs + ttlMs };
  }

  /** What is being decided is committed; whoever still waits is told nothing more. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#worker?.postMessage({ kind: 'stop' } satisfies ToAccounts);
    await this.#exited;
  }

  #send(
    asked:
      | { readonly kind: 'request'; readonly request: AccountRequest }
      | { readonly kind: 'people'; readonly request: PeopleRequest },
  ): Promise<AnyReply> {
    const worker = this.#worker;
    if (worker === null) return Promise.resolve({ refusal: 'UNKNOWN_OUTCOME' });
    if (this.#waiting.size >= ACCOUNTS.requestsWaitingMax) {
      return Promise.resolve({ refusal: 'OVERLOADED' });
    }
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      worker.postMessage({ ...asked, id } satisfies ToAccounts);
    });
  }

  #answer(id: number, reply: AnyReply): void {
    const resolve = this.#waiting.get(id);
    this.#waiting.delete(id);
    resolve?.(reply);
  }
}

/**
 * The accounts' thread as the main thread sees it: requests in a bounded number, replies, and what
 * has to end at once. If it dies the node stops, as with a commit that failed: recovery is the
 * normal start.
 */
import { Worker } from 'node:worker_threads';
import type { AccountReply, AccountRequest, Profile, Revocation } from '../account/requests.ts';
import { ACCOUNTS } from '../config/limits.ts';
import type { AccessToken, AccountPort } from '../gateway/account-port.ts';
import type { SigningKey } from '../gateway/token.ts';
import { signToken } from '../gateway/token.ts';
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
  | { readonly kind: 'reply'; readonly id: number; readonly reply: AccountReply }
  | { readonly kind: 'revoke'; readonly revocation: Revocation }
  | ({ readonly kind: 'failed' } & AccountFailure);

export interface AccountThreadOptions {
  readonly data: AccountWorkerData;
  readonly key: SigningKey;
  readonly issuer: string;
  readonly audience: string;
  readonly accessTtlMs: number;
  readonly log: Log;
  readonly onRevoked: (revocation: Revocation) => void;
  readonly onFatal: (failure: AccountFailure) => void;
}

export class AccountThread implements AccountPort {
  readonly #options: AccountThreadOptions;
  readonly #waiting = new Map<number, (reply: AccountReply) => void>();
  #worker: Worker | null = null;
  #stopping = false;
  #exited: Promise<void> = Promise.resolve();
  #lastId = 0;

  constructor(options: AccountThreadOptions) {
    this.#options = options;
  }

  /** Recovers; resolves with what tokens given out earlier have lost. */
  start(): Promise<readonly Revocation[]> {
    const { data, log, onRevoked, onFatal } = this.#options;
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

  call(request: AccountRequest): Promise<AccountReply> {
    const worker = this.#worker;
    if (worker === null) return Promise.resolve({ refusal: 'UNKNOWN_OUTCOME' });
    if (this.#waiting.size >= ACCOUNTS.requestsWaitingMax) {
      return Promise.resolve({ refusal: 'OVERLOADED' });
    }
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      worker.postMessage({ kind: 'request', id, request } satisfies ToAccounts);
    });
  }

  async sign(profile: Profile, session: string): Promise<AccessToken> {
    const { key, issuer, audience, accessTtlMs: ttlMs } = this.#options;
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

  #answer(id: number, reply: AccountReply): void {
    const resolve = this.#waiting.get(id);
    this.#waiting.delete(id);
    resolve?.(reply);
  }
}

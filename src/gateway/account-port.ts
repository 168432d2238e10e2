/** The accounts as the gateway uses them: requests in, replies out, and signed access tokens. */
import type { PeopleAnswers, PeopleReply, PeopleRequest } from '../account/people-requests.ts';
import type { AccountReply, AccountRequest, Profile } from '../account/requests.ts';

export interface AccessToken {
  readonly token: string;
  readonly expiresAtMs: number;
}

export interface AccountPort {
  /** Never rejects: what goes wrong inside is a refusal. */
  call(request: AccountRequest): Promise<AccountReply>;
  sign(profile: Profile, session: string): Promise<AccessToken>;
}

/** What people keep here, whether they sign in here or elsewhere. */
export interface PeoplePort {
  /** Never rejects: what goes wrong inside is a refusal. */
  ask<K extends PeopleRequest['kind']>(
    request: Extract<PeopleRequest, { kind: K }>,
  ): Promise<PeopleReply<PeopleAnswers[K]>>;
}

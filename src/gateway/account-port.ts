/** The accounts as the gateway uses them: requests in, replies out, and signed access tokens. */
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

/**
 * The REST routes of accounts: registering, sessions, the own account, password resets, and what
 * admins may do. Without own accounts (auth.jwks names a sign-in service) all of them say so.
 */
import type { AccountReply, AccountRequest, Profile } from '../account/requests.ts';
import {
  CHANGE_EMAIL,
  CHANGE_NAME,
  CHANGE_PASSWORD,
  DELETE,
  fieldsOf,
  GRANT,
  REFRESH,
  REGISTER,
  REQUEST_RESET,
  RESET,
  SIGN_IN,
} from './account-bodies.ts';
import type { AccountPort } from './account-port.ts';
import { AttemptTable } from './attempt-table.ts';
import type { RestRequest, Route } from './routes.ts';
import { ADMIN } from './user.ts';

export interface AccountContext {
  /** Null: accounts are kept elsewhere. */
  readonly accounts: AccountPort | null;
  readonly nowUs: () => number;
}

/** Runs with accounts that are there. */
type Run = (request: RestRequest, accounts: AccountPort) => Promise<void> | void;
type Declared = Pick<Route, 'method' | 'path' | 'access' | 'takesBody' | 'unknownId'>;

function declare({ accounts }: AccountContext, declared: Declared, run: Run): Route {
  return {
    ...declared,
    query: {},
    run: (request) =>
      accounts === null ? request.exchange.refuse('ACCOUNTS_ELSEWHERE') : run(request, accounts),
  };
}

export function accountRoutes(context: AccountContext): readonly Route[] {
  const attempts = new AttemptTable();
  const route = (
    heading: string,
    access: Route['access'],
    takesBody: boolean,
    run: Run,
    also: Pick<Route, 'unknownId'> = {},
  ): Route => {
    const [method, path = ''] = heading.split(' ');
    const declared = { method: method as Route['method'], path, access, takesBody, ...also };
    return declare(context, declared, run);
  };
  /** False: there were too many attempts, and it has been refused. */
  const mayTry = ({ exchange, address }: RestRequest, about: string): boolean => {
    const waitUs = attempts.take(address, about, context.nowUs());
    if (waitUs === 0) return true;
    exchange.refuse('TOO_MANY_REQUESTS', { retryAfterMs: Math.ceil(waitUs / 1000) });
    return false;
  };
  return [
    ...sessionRoutes(route, mayTry),
    ...ownRoutes(route, mayTry),
    route('POST /v1/password-resets', 'open', true, (request, accounts) => {
      const { email } = fieldsOf(request.body, REQUEST_RESET);
      if (!mayTry(request, email)) return;
      // Answered before anything is looked up: neither the answer nor its time says more.
      void accounts.call({ kind: 'requestReset', email });
      request.exchange.json(202, {});
    }),
    route(
      'POST /v1/password-resets/{id}',
      'open',
      true,
      async (request, accounts) => {
        const { password: newPassword } = fieldsOf(request.body, RESET);
        if (!mayTry(request, `reset ${request.id}`)) return;
        const reply = await accounts.call({
          kind: 'resetPassword',
          token: request.id,
          newPassword,
        });
        show(request, reply, () => ({}));
      },
      { unknownId: 'RESET_TOKEN_INVALID' },
    ),
  ];
}

type Declare = (heading: string, access: Route['access'], takesBody: boolean, run: Run) => Route;
type MayTry = (request: RestRequest, about: string) => boolean;

function sessionRoutes(route: Declare, mayTry: MayTry): readonly Route[] {
  return [
    route('POST /v1/accounts', 'open', true, async (request, accounts) => {
      const given = fieldsOf(request.body, REGISTER);
      if (!mayTry(request, given.email)) return;
      show(request, await accounts.call({ kind: 'register', ...given }), shownProfile, 201);
    }),
    route('POST /v1/sessions', 'open', true, async (request, accounts) => {
      const given = fieldsOf(request.body, SIGN_IN);
      if (!mayTry(request, given.email)) return;
      await showSession(request, accounts, await accounts.call({ kind: 'signIn', ...given }), 201);
    }),
    route('POST /v1/sessions/refresh', 'open', true, async (request, accounts) => {
      const given = fieldsOf(request.body, REFRESH);
      await showSession(request, accounts, await accounts.call({ kind: 'refresh', ...given }), 200);
    }),
    route('DELETE /v1/sessions/current', 'user', false, async (request, accounts) => {
      const session = request.accountSession;
      if (session === null) return request.exchange.refuse('ACCOUNT_UNKNOWN');
      const userId = userOf(request);
      show(request, await accounts.call({ kind: 'signOut', userId, session }), () => ({}));
    }),
  ];
}

function ownRoutes(route: Declare, mayTry: MayTry): readonly Route[] {
  return [
    route('GET /v1/me', 'user', false, async (request, accounts) => {
      const reply = await accounts.call({ kind: 'profile', userId: userOf(request) });
      show(request, reply, shownProfile);
    }),
    route('PATCH /v1/me', 'user', true, async (request, accounts) => {
      const given = fieldsOf(request.body, CHANGE_NAME);
      const userId = userOf(request);
      show(request, await accounts.call({ kind: 'changeName', userId, ...given }), shownProfile);
    }),
    route('PUT /v1/me/email', 'user', true, async (request, accounts) => {
      const given = fieldsOf(request.body, CHANGE_EMAIL);
      const userId = userOf(request);
      if (!mayTry(request, userId)) return;
      show(request, await accounts.call({ kind: 'changeEmail', userId, ...given }), shownProfile);
    }),
    route('PUT /v1/me/password', 'user', true, async (request, accounts) => {
      const given = fieldsOf(request.body, CHANGE_PASSWORD);
      const userId = userOf(request);
      if (!mayTry(request, userId)) return;
      const session = request.accountSession;
      const reply = await accounts.call({ kind: 'changePassword', userId, session, ...given });
      if (reply.refusal !== null || session === null) return show(request, reply, () => ({}));
      const { profile } = reply;
      if (profile === null) throw new Error('the accounts answered without a profile');
      const { token, expiresAtMs } = await accounts.sign(profile, session);
      request.exchange.json(200, { accessToken: token, accessExpiresAtMs: expiresAtMs });
    }),
    route('POST /v1/me/delete', 'user', true, async (request, accounts) => {
      const given = fieldsOf(request.body, DELETE);
      const userId = userOf(request);
      if (!mayTry(request, userId)) return;
      show(request, await accounts.call({ kind: 'delete', userId, ...given }), () => ({}));
    }),
  ];
}

/** What only admins may do, on the internal listener. */
export function accountAdminRoutes(context: AccountContext): readonly Route[] {
  const route = (
    method: Route['method'],
    action: string,
    requestOf: (request: RestRequest) => AccountRequest,
  ): Route => {
    const takesBody = method === 'PUT';
    const path = `/v1/accounts/{id}/${action}`;
    const declared: Declared = {
      method,
      path,
      access: ADMIN,
      takesBody,
      unknownId: 'ACCOUNT_UNKNOWN',
    };
    return declare(context, declared, async (request, accounts) =>
      show(request, await accounts.call(requestOf(request)), shownProfile),
    );
  };
  return [
    route('POST', 'disable', ({ id: userId }) => ({ kind: 'disable', userId })),
    route('POST', 'enable', ({ id: userId }) => ({ kind: 'enable', userId })),
    route('PUT', 'grants', (request) => {
      const { roles, tier } = fieldsOf(request.body, GRANT);
      return { kind: 'grant', userId: request.id, roles, tier };
    }),
  ];
}

function userOf({ user }: RestRequest): string {
  if (user === null) throw new Error('the door lets only users through to here');
  return user.id;
}

function show(
  { exchange }: RestRequest,
  reply: AccountReply,
  shown: (profile: Profile) => object,
  status = 200,
): void {
  if (reply.refusal !== null) return exchange.refuse(reply.refusal);
  exchange.json(status, reply.profile === null ? {} : shown(reply.profile));
}

function shownProfile(profile: Profile): object {
  const { userId, email, displayName, roles, tier, status, createdAtMs } = profile;
  return { userId, email, displayName, roles, tier, status, createdAtMs };
}

async function showSession(
  { exchange }: RestRequest,
  accounts: AccountPort,
  reply: AccountReply,
  status: number,
): Promise<void> {
  if (reply.refusal !== null) return exchange.refuse(reply.refusal);
  const { profile, session } = reply;
  if (profile === null || session === null) throw new Error('the accounts opened no session');
  const { token, expiresAtMs } = await accounts.sign(profile, session.id);
  exchange.json(status, {
    accessToken: token,
    accessExpiresAtMs: expiresAtMs,
    refreshToken: session.refreshToken,
    refreshExpiresAtMs: session.expiresAtMs,
    account: shownProfile(profile),
  });
}

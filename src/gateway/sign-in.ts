/**
 * hello: from a token to a signed-in session. Checking a token takes a signature, on another thread
 * of the runtime, so there are limits before it, and the connection may be gone after it. A second
 * hello with a newer token of the same user prolongs the session.
 */
import type { Hello } from '../protocol/messages/hello.ts';
import type { GatewayLimits } from './gateway-limits.ts';
import type { GatewayLog } from './gateway-log.ts';
import type { Hub } from './hub.ts';
import type { PrivateFeed } from './private-feed.ts';
import type { Sender } from './sender.ts';
import type { Session } from './session.ts';
import type { TokenVerifier } from './token-verifier.ts';
import type { Identity } from './user.ts';
import type { UserTable } from './user-table.ts';

export interface SignInOptions {
  readonly limits: GatewayLimits;
  readonly sender: Sender;
  readonly hub: Hub;
  readonly users: UserTable;
  readonly verifier: TokenVerifier;
  readonly log: GatewayLog;
  readonly feed: PrivateFeed;
}

export class SignIn {
  readonly #limits: GatewayLimits;
  readonly #sender: Sender;
  readonly #hub: Hub;
  readonly #users: UserTable;
  readonly #verifier: TokenVerifier;
  readonly #log: GatewayLog;
  readonly #feed: PrivateFeed;
  #underWay = 0;
  #signedIn = 0;

  constructor(options: SignInOptions) {
    this.#limits = options.limits;
    this.#sender = options.sender;
    this.#hub = options.hub;
    this.#users = options.users;
    this.#verifier = options.verifier;
    this.#log = options.log;
    this.#feed = options.feed;
  }

  /** Signed-in connections. */
  get signedIn(): number {
    return this.#signedIn;
  }

  hello(session: Session, hello: Hello, nowUs: number): void {
    if (session.signingIn) return this.#sender.refuse(session, hello.id, 'ALREADY_SIGNED_IN');
    const { signInsPerSecondAndAddress, burstSeconds, signInsAtOnceMax } = this.#limits;
    const { signIns } = session.address;
    const waitUs = signIns.take(nowUs, 1, signInsPerSecondAndAddress, burstSeconds);
    if (waitUs > 0) {
      const retryAfterMs = Math.ceil(waitUs / 1000);
      return this.#sender.refuse(session, hello.id, 'TOO_MANY_REQUESTS', { retryAfterMs });
    }
    if (this.#underWay >= signInsAtOnceMax) {
      return this.#sender.refuse(session, hello.id, 'OVERLOADED');
    }
    session.signingIn = true;
    this.#underWay += 1;
    this.#verifier
      .verify(hello.token)
      .then((identity) => this.#checked(session, hello, identity))
      .catch((error: unknown) => {
        this.#log.error({ err: error, conn: session.conn }, 'a token could not be checked');
        this.#sender.refuse(session, hello.id, 'INTERNAL');
      })
      .finally(() => {
        session.signingIn = false;
        this.#underWay -= 1;
      });
  }

  /** The connection closed. */
  gone(session: Session): void {
    if (session.user === null) return;
    this.#users.left(session.user, session);
    this.#signedIn -= 1;
  }

  #checked(
    session: Session,
    hello: Hello,
    identity: Identity | 'TOKEN_INVALID' | 'TOKEN_EXPIRED',
  ): void {
    if (session.socket === null) return;
    if (typeof identity === 'string') {
      this.#sender.refuse(session, hello.id, identity);
      return this.#sender.close(session, identity);
    }
    const user = this.#users.user(identity.userId);
    if (session.user !== null && session.user !== user) {
      return this.#sender.refuse(session, hello.id, 'ALREADY_SIGNED_IN');
    }
    const feed = hello.feed ?? true;
    // Without that a shard would not tell him what happens to his bids.
    if (feed && !this.#users.keepFeed(user)) {
      return this.#sender.refuse(session, hello.id, 'OVERLOADED');
    }
    if (session.user === null) {
      if (this.#users.sessionsOf(user.number).size >= this.#limits.connectionsPerUserMax) {
        this.#sender.refuse(session, hello.id, 'TOO_MANY_CONNECTIONS');
        return this.#sender.close(session, 'TOO_MANY_CONNECTIONS');
      }
      this.#hub.signsIn(session);
      session.user = user;
      // Its pace is another one now, so it is told of the mode again.
      session.toldWatchOnly = false;
      this.#users.joined(user, session);
      this.#signedIn += 1;
    }
    user.tier = identity.tier ?? null;
    session.roles = identity.roles;
    session.accountSession = identity.accountSession ?? null;
    session.expiresAtMs = identity.expiresAtMs;
    session.feed = feed;
    this.#feed.begin(session, user, hello.id, hello.after);
  }
}

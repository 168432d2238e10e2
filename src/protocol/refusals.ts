/**
 * Every refusal that a client can see: stable number, machine name, what to do about it. Numbers
 * are never reused: 1000 protocol, 2000 routing and overload, 3000 auction, 4000 account,
 * 5000 money, 9000 internal (STYLE.md). Within a room the order is the precedence: a command that
 * could be refused for two reasons gets the one that stands first. docs/refusals.md has a page
 * section for each; test/tidy holds the table, the docs and the tests together.
 */
export interface Refusal {
  readonly code: number;
  /** One sentence for people. */
  readonly message: string;
  /**
   * Whether the same command may succeed when sent again later. A bid command refused with 3000 to
   * 3999 was decided: the refusal is recorded as the answer to its nonce, and a later try needs a
   * new one. After the 2000s and 9000s it was not decided, or nobody knows: the same nonce again,
   * so that it cannot take effect twice.
   */
  readonly retryable: boolean;
  /** Status of the REST answer (RULES.md section 3). */
  readonly http: number;
}

function refusal(code: number, http: number, retryable: boolean, message: string): Refusal {
  return { code, http, retryable, message };
}

export const REFUSALS = {
  // 1000: the frame or the request itself
  MALFORMED: refusal(
    1000,
    400,
    false,
    'What was sent could not be read; field and reason say where and why.',
  ),
  UNKNOWN_TYPE: refusal(1001, 400, false, 'This message type is not known to this version.'),
  TOO_LARGE: refusal(1002, 413, false, 'What was sent is larger than the limit.'),
  NOT_FOUND: refusal(1003, 404, false, 'There is nothing at this address.'),
  METHOD_NOT_ALLOWED: refusal(1004, 405, false, 'This address does not take this method.'),
  UNSUPPORTED_MEDIA_TYPE: refusal(1005, 415, false, 'The body must be application/json.'),
  ALREADY_SIGNED_IN: refusal(1006, 409, false, 'This connection has said hello already.'),

  // 2000: routing and overload
  OVERLOADED: refusal(
    2000,
    503,
    true,
    'The server has too much to do; retry after the time given.',
  ),
  SHUTTING_DOWN: refusal(2001, 503, true, 'The server is stopping; try again shortly.'),
  NOT_READY: refusal(2002, 503, true, 'The server is still recovering; retry shortly.'),
  TOO_MANY_REQUESTS: refusal(
    2003,
    429,
    true,
    'Too many requests from here; retry after the time given.',
  ),
  TOO_MANY_CONNECTIONS: refusal(2004, 429, true, 'Too many connections from this address or user.'),
  TOO_MANY_SUBSCRIPTIONS: refusal(
    2005,
    409,
    false,
    'This connection watches as many auctions as it may.',
  ),
  IMAGE_STORE_FULL: refusal(
    2006,
    503,
    true,
    'There is no room for images at the moment; everything else goes on.',
  ),

  // 3000: the auction, in order of precedence
  AUCTION_UNKNOWN: refusal(3000, 404, false, 'There is no auction with this id.'),
  NONCE_REUSED: refusal(3001, 409, false, 'This nonce was used before with other content.'),
  AUCTION_NOT_STARTED: refusal(3002, 409, true, 'The auction has not started yet.'),
  AUCTION_CANCELLED: refusal(3003, 409, false, 'The auction was cancelled.'),
  AUCTION_BOUGHT: refusal(3004, 409, false, 'The auction ended: somebody bought it now.'),
  AUCTION_ENDED: refusal(3005, 409, false, 'The auction has ended.'),
  OWN_AUCTION: refusal(3006, 403, false, 'Sellers cannot bid on their own auctions.'),
  BIDDER_BLOCKED: refusal(3007, 403, false, 'The seller does not take bids from this bidder.'),
  CURRENCY_DIFFERS: refusal(3008, 409, false, 'The auction is in another currency.'),
  VELOCITY_LIMIT: refusal(3009, 429, true, 'Too many bids on this auction within a minute.'),
  BID_BELOW_OWN_MAXIMUM: refusal(
    3010,
    409,
    false,
    'The bid is not above your own maximum; it cannot be lowered.',
  ),
  BID_TOO_LOW: refusal(3011, 409, false, 'The bid is below the minimum for the next bid.'),
  BID_LIMIT_EXCEEDED: refusal(3012, 403, false, 'The bid is above your limit for this auction.'),
  CONFIRMATION_NEEDED: refusal(
    3013,
    409,
    false,
    'The bid is far above the price; if it is meant, send it with confirm and a new nonce.',
  ),
  BUY_NOW_UNAVAILABLE: refusal(3014, 409, false, 'Buy-it-now is not or no longer offered here.'),
  NOTHING_TO_RETRACT: refusal(3015, 409, false, 'You have no bid here that can be retracted.'),
  RETRACTION_TOO_LATE: refusal(
    3016,
    409,
    false,
    'With so little time left this bid can no longer be retracted.',
  ),
  NOT_YOUR_AUCTION: refusal(3017, 403, false, 'Only the seller may do this.'),
  CHANGE_TOO_LATE: refusal(
    3018,
    409,
    false,
    'The auction has bids; this can no longer be changed.',
  ),
  CANCEL_TOO_LATE: refusal(
    3019,
    409,
    false,
    'With so little time left and bids in place it can only be sold to the high bidder.',
  ),
  NO_BIDS_TO_SELL: refusal(3020, 409, false, 'There is no bidder to whom it could be sold.'),
  INVALID_LISTING: refusal(
    3021,
    400,
    false,
    'The listing breaks a rule; field and reason say which.',
  ),
  RECORD_UNKNOWN: refusal(3022, 404, false, 'There is no bid of yours with this record number.'),
  AUCTION_NOT_OVER: refusal(3023, 409, true, 'There is a report once the auction is over.'),
  BIDDER_UNKNOWN: refusal(3024, 404, false, 'Nobody has bid on this auction under this alias.'),
  ADDITION_TOO_LATE: refusal(
    3030,
    409,
    false,
    'The auction has bids and too little time left; nothing can be added any more.',
  ),
  TOO_MANY_ADDITIONS: refusal(3031, 409, false, 'As much as may be was added to this description.'),
  NOT_TO_RELIST: refusal(
    3032,
    409,
    false,
    'Only an auction that is over and found no buyer can be listed again.',
  ),
  ALREADY_RELISTED: refusal(3033, 409, false, 'This auction was listed again before.'),
  IMAGE_UNKNOWN: refusal(3040, 404, false, 'There is no such image here.'),
  IMAGE_UNREADABLE: refusal(
    3041,
    400,
    false,
    'This is no image that can be taken; reason says why.',
  ),
  TOO_MANY_IMAGES: refusal(3042, 409, false, 'The listing has as many images as it may.'),

  // 4000: the account
  NOT_SIGNED_IN: refusal(4000, 401, false, 'Sign in first, with a token.'),
  TOKEN_INVALID: refusal(4001, 401, false, 'The token is not valid here.'),
  TOKEN_EXPIRED: refusal(4002, 401, false, 'The token has expired; get a new one.'),
  ROLE_MISSING: refusal(4003, 403, false, 'Your roles do not allow this.'),
  ORIGIN_NOT_ALLOWED: refusal(4004, 403, false, 'Pages from this origin may not connect.'),
  ACCOUNTS_ELSEWHERE: refusal(4005, 403, false, 'Accounts are kept by the sign-in service here.'),
  SIGN_IN_FAILED: refusal(4006, 401, false, 'E-mail or password is wrong.'),
  SESSION_ENDED: refusal(4007, 401, false, 'The session has ended; sign in again.'),
  ACCOUNT_UNKNOWN: refusal(4008, 404, false, 'There is no such account here.'),
  ACCOUNT_DISABLED: refusal(4009, 403, false, 'The account is disabled.'),
  PASSWORD_WRONG: refusal(4010, 403, false, 'The password is not that of the account.'),
  EMAIL_TAKEN: refusal(4011, 409, false, 'Another account has this e-mail address.'),
  RESET_TOKEN_INVALID: refusal(4012, 404, false, 'This reset is used up, too old, or unknown.'),

  // 6000: what people keep
  WATCHLIST_FULL: refusal(6000, 409, false, 'The watchlist is full; take something off it.'),
  SEARCHES_FULL: refusal(6001, 409, false, 'As many searches are saved as may be; drop one.'),
  SEARCH_UNKNOWN: refusal(6002, 404, false, 'There is no such saved search of yours.'),
  NOT_YOUR_SALE: refusal(6010, 403, false, 'Only the buyer and the seller may do this.'),
  AUCTION_NOT_SOLD: refusal(6011, 409, false, 'Nothing was sold here, so there is no feedback.'),
  FEEDBACK_GIVEN: refusal(6012, 409, false, 'You have left feedback on this sale already.'),
  FEEDBACK_TOO_LATE: refusal(6013, 409, false, 'The time for feedback on this sale is over.'),

  // 9000: our own trouble
  UNKNOWN_OUTCOME: refusal(
    9000,
    503,
    true,
    'It is not known whether this took effect; send it again, with the nonce that it had.',
  ),
  INTERNAL: refusal(9001, 500, true, 'The server made an error; it has been logged.'),
  COMMAND_FAILED: refusal(
    9002,
    500,
    false,
    'The server fails at this command again and again; it was given up and logged.',
  ),
} as const satisfies Readonly<Record<string, Refusal>>;

export type RefusalName = keyof typeof REFUSALS;

/** The code of an answer that is no refusal. */
export const ACCEPTED = 0;

const NAMES_BY_CODE: ReadonlyMap<number, RefusalName> = new Map(
  Object.entries(REFUSALS).map(([name, { code }]) => [code, name as RefusalName]),
);

/** The name behind a number, or undefined for a number of a later version. */
export function refusalName(code: number): RefusalName | undefined {
  return NAMES_BY_CODE.get(code);
}

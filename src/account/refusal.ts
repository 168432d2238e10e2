/**
 * The refusals of the account rules, as values. Each stands under the same name in
 * protocol/refusals.ts, which gives it its stable number.
 */
export type AccountRefusal =
  | 'SIGN_IN_FAILED'
  | 'SESSION_ENDED'
  | 'ACCOUNT_UNKNOWN'
  | 'ACCOUNT_DISABLED'
  | 'PASSWORD_WRONG'
  | 'EMAIL_TAKEN'
  | 'RESET_TOKEN_INVALID'
  | 'WATCHLIST_FULL'
  | 'SEARCHES_FULL'
  | 'SEARCH_UNKNOWN'
  | 'FEEDBACK_GIVEN'
  | 'FEEDBACK_TOO_LATE';

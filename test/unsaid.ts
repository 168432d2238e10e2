/** What a seller need not say of a thing, not said: in a listing, in its text, and as it is shown. */
export const UNSAID = {
  condition: null,
  location: null,
  country: null,
  shipping: null,
  shippingCents: null,
} as const;

export const UNSAID_TEXT = { ...UNSAID, additions: [], relistOf: null } as const;

export const UNSAID_SHOWN = { ...UNSAID, additions: null, relistOf: null } as const;

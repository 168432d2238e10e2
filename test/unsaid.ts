/** What a seller need not say of a thing, not said: for listings and for texts of auctions. */
export const UNSAID = {
  condition: null,
  location: null,
  country: null,
  shipping: null,
  shippingCents: null,
} as const;

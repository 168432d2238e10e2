/** Nonces: 16 characters, 96 random bits, unique for their user and auction. */
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const LENGTH = 16;

export function makeNonce(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(LENGTH));
  let nonce = '';
  for (const byte of bytes) nonce += ALPHABET[byte & 63];
  return nonce;
}

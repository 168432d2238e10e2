/** A key of its own and an office that signs with it, for tests that need no data folder. */
import { generateKeyPairSync } from 'node:crypto';
import type { ReceiptOffice } from '../../src/receipt/office.ts';
import type { SigningKey } from '../../src/receipt/signature.ts';
import { signCompact, thumbprint } from '../../src/receipt/signature.ts';

export function makeKey(): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const { x = '' } = publicKey.export({ format: 'jwk' });
  const kid = thumbprint(x);
  const publicJwk = { kty: 'OKP', crv: 'Ed25519', x, kid, use: 'sig', alg: 'EdDSA' } as const;
  return { kid, privateKey, publicJwk };
}

export function officeOf(key: SigningKey): ReceiptOffice {
  return {
    publicKeys: [key.publicJwk],
    sign: (statement) => signCompact('gavel-receipt', statement, key),
    report: () => Promise.resolve({ file: '{}\n' }),
  };
}

export const TEST_OFFICE = officeOf(makeKey());

/** A key of its own and an office that signs with it, for tests that need no data folder. */
import { generateKeyPairSync } from 'node:crypto';
import type { ReceiptOffice } from '../../src/receipt/office.ts';
import type { SigningKey } from '../../src/receipt/signature.ts';
import { signCompact, signingKeyOf } from '../../src/receipt/signature.ts';

export function makeKey(): SigningKey {
  return signingKeyOf(generateKeyPairSync('ed25519').privateKey);
}

export function officeOf(key: SigningKey): ReceiptOffice {
  return {
    publicKeys: [key.publicJwk],
    sign: (statement) => signCompact('gavel-receipt', statement, key),
    report: () => Promise.resolve({ file: '{}\n' }),
  };
}

export const TEST_OFFICE = officeOf(makeKey());

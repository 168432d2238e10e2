/**
 * Small JSON files that say what lies beside them: readable by people, and with a checksum as
 * their last member, so that damage (or an edit by hand) is noticed.
 */
import { crc32 } from 'node:zlib';

export function sealedJson(fields: object): string {
  return `${JSON.stringify({ ...fields, checksum: checksumOf(fields) }, null, 2)}\n`;
}

/** The members without the checksum; undefined where the text is damaged. */
export function openSealedJson(text: string): Readonly<Record<string, unknown>> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const { checksum, ...fields } = value as Record<string, unknown>;
  return checksum === checksumOf(fields) ? fields : undefined;
}

function checksumOf(fields: object): string {
  return crc32(JSON.stringify(fields)).toString(16).padStart(8, '0');
}

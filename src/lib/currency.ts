/**
 * Which currencies there are: ISO 4217 as the runtime knows it (ICU), so that no list of our own
 * can grow old. Codes that are no longer in use are not among them.
 */
const CODES: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency'));

export function isCurrency(code: string): boolean {
  return CODES.has(code);
}

/**
 * Which countries there are: ISO 3166-1 as the runtime knows it (ICU), so that no list of our own
 * can grow old. What ICU names beside them (the EU, the world, pseudo regions) is no country.
 */
const NAMES = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });
const NO_COUNTRIES: ReadonlySet<string> = new Set(['EU', 'EZ', 'QO', 'UN', 'XA', 'XB', 'ZZ']);
const LETTERS = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZ');

/** Their English names by code, such as DE. Codes that were given up are not among them. */
export const COUNTRIES: ReadonlyMap<string, string> = new Map(
  LETTERS.flatMap((first) => LETTERS.map((second) => first + second)).flatMap((code) => {
    const name = NO_COUNTRIES.has(code) ? undefined : NAMES.of(code);
    // One that was given up is another one's former name.
    const isPresent = name !== undefined && new Intl.Locale(`und-${code}`).region === code;
    return isPresent ? [[code, name] as const] : [];
  }),
);

/** @param code two capital letters. */
export function isCountry(code: string): boolean {
  return COUNTRIES.has(code);
}

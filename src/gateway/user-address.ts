/** A user in the address of a route: an id may have any characters, and stands encoded there. */
import { WIRE } from '../config/limits.ts';
import type { RestRequest, Route } from './routes.ts';

/** Each byte of the id may take three characters. */
const CHARS_MAX = 3 * 4 * WIRE.userIdCharsMax;

export const OF_A_USER = {
  access: 'read',
  idPattern: new RegExp(`^[^/]{1,${CHARS_MAX}}$`),
  unknownId: 'ACCOUNT_UNKNOWN',
} as const satisfies Partial<Route>;

export function userInAddress({ id }: RestRequest): string {
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}

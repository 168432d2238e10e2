/** What the rooms need of a logger; pino's own shape, so that a pino logger is one. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  debug(fields: object, message: string): void;
}

/** Says nothing. */
export const SILENT: Log = { info() {}, warn() {}, error() {}, debug() {} };

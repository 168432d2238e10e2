/** What the gateway needs of a logger; pino has it. Never gets tokens or whole frames. */
export interface GatewayLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

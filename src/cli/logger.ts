/** The log of a running server: pino to stderr, pretty for a person, JSON lines for a machine. */
import { pino } from 'pino';
import type { DestinationStream, Logger } from 'pino';
import type { Settings } from '../config/settings.ts';
import type { Terminal } from './terminal.ts';

/** Values that never stand in a log, wherever a field of this name turns up. */
const SECRET_FIELDS = ['token', 'authorization', 'password', 'privateKey'];

export async function makeLogger(log: Settings['log'], terminal: Terminal): Promise<Logger> {
  const pretty = log.format === 'pretty' || (log.format === 'auto' && terminal.interactiveErrors);
  return pino(
    {
      level: log.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: {
        paths: SECRET_FIELDS.flatMap((name) => [name, `*.${name}`]),
        censor: '***',
      },
    },
    pretty ? await prettyStream(terminal) : plainStream(terminal),
  );
}

function plainStream(terminal: Terminal): DestinationStream {
  return { write: (line) => terminal.writeErrors(line) };
}

async function prettyStream(terminal: Terminal): Promise<DestinationStream> {
  const { prettyFactory } = await import('pino-pretty');
  const prettify = prettyFactory({
    colorize: terminal.interactiveErrors,
    translateTime: 'SYS:HH:MM:ss.l',
  });
  return { write: (line) => terminal.writeErrors(prettify(line)) };
}

/** Watch-only mode, for operators: how it stands, and what it shall be. On the internal listener. */
import { MalformedField } from '../protocol/field.ts';
import type { RestRequest, Route } from './routes.ts';
import { ADMIN } from './user.ts';
import type { ModeOrder, WatchOnly } from './watch-only.ts';
import { MODE_ORDERS } from './watch-only.ts';

export interface ModeContext {
  readonly watchOnly: WatchOnly;
}

const LEVEL_DIGITS = 3;

export function modeRoutes({ watchOnly }: ModeContext): readonly Route[] {
  const show = ({ exchange }: RestRequest): void => {
    const { order, isOn, level, switches } = watchOnly;
    const rounded = Number(level.toFixed(LEVEL_DIGITS));
    exchange.json(200, { mode: order, watchOnly: isOn, overloadLevel: rounded, switches });
  };
  const common = { path: '/v1/mode', access: ADMIN, query: [] } as const;
  return [
    { ...common, method: 'GET', takesBody: false, run: show },
    {
      ...common,
      method: 'PUT',
      takesBody: true,
      run: (request) => {
        watchOnly.command(orderOf(request));
        show(request);
      },
    },
  ];
}

/** @throws MalformedField */
function orderOf({ body }: RestRequest): ModeOrder {
  const order = MODE_ORDERS.find((one) => one === body['mode']);
  if (order === undefined) throw new MalformedField(`must be ${MODE_ORDERS.join(', ')}`, 'mode');
  const other = Object.keys(body).find((name) => name !== 'mode');
  if (other !== undefined) throw new MalformedField('is not a known field', other);
  return order;
}

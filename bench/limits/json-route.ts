/**
 * The limit that REST reads are measured against: the same gateway library, which answers every GET of
 * an auction with JSON of the same size that lies ready. No token, no auction, no JSON to write.
 *
 * Takes the answer from its first argument, prints its port as a line of JSON, and stops when its
 * standard input ends.
 */
import { App } from 'uWebSockets.js';
import { listen } from './listen.ts';

const [, , answer = '{}'] = process.argv;
const app = App().get('/v1/auctions/:id', (response) => {
  response.writeHeader('content-type', 'application/json').end(answer);
});
listen(app);

/** How the bench's own servers start and stop: they tell their port, and end with their stdin. */
import { us_socket_local_port } from 'uWebSockets.js';
import type { TemplatedApp } from 'uWebSockets.js';

export function listen(app: TemplatedApp): void {
  app.listen('127.0.0.1', 0, (socket) => {
    if (socket === false) throw new Error('no port could be opened');
    process.stdout.write(`${JSON.stringify({ port: us_socket_local_port(socket) })}\n`);
  });
  process.stdin.on('end', () => process.exit(0));
  process.stdin.resume();
}

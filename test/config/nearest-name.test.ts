/** Which known name a mistyped one is taken for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { editDistance, nearestName } from '../../src/config/nearest-name.ts';

test('the nearest name is found, and nothing where none is near', () => {
  const known = ['server.port', 'server.host', 'log.level'];
  assert.equal(nearestName('server.prot', known), 'server.port');
  assert.equal(nearestName('LOG.LEVLE', known), 'log.level');
  assert.equal(nearestName('zzzz', known), undefined);
});

test('swapped neighbours are one mistake', () => {
  assert.equal(editDistance('prot', 'port'), 1);
  assert.equal(editDistance('', 'abc'), 3);
  assert.equal(editDistance('same', 'same'), 0);
});

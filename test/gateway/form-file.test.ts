/** The file in a form, as browsers and curl send it, and what is no such form. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fileOf } from '../../src/gateway/form-file.ts';
import { MalformedField } from '../../src/protocol/field.ts';

const HEAD =
  'Content-Disposition: form-data; name="image"; filename="a.jpg"\r\nContent-Type: image/jpeg';
const TYPE = 'multipart/form-data; boundary=xyz';

function form(file: string | Uint8Array, head = HEAD, end = '--\r\n'): Buffer {
  const parts = [`--xyz\r\n${head}\r\n\r\n`, file, `\r\n--xyz${end}`];
  return Buffer.concat(parts.map((part) => Buffer.from(part as string)));
}

test('any bytes come out as they went in', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), async (bytes) => {
      const data = new FormData();
      data.set('image', new Blob([Uint8Array.from(bytes)]), 'photo.jpg');
      const sent = new Response(data);
      const type = sent.headers.get('content-type') ?? '';
      const body = new Uint8Array(await sent.arrayBuffer());
      assert.deepEqual(Buffer.from(fileOf(type, body)), Buffer.from(bytes));
    }),
    { numRuns: 200 },
  );
});

test('a boundary may stand in quotation marks', () => {
  const file = fileOf('multipart/form-data; boundary="xyz"', form('file'));
  assert.equal(Buffer.from(file).toString(), 'file');
});

test('anything else is malformed', () => {
  const wrong: readonly (readonly [string, Buffer])[] = [
    ['multipart/form-data', form('file')],
    ['multipart/mixed; boundary=xyz', form('file')],
    [TYPE, Buffer.from('')],
    [TYPE, Buffer.from('--xyz\r\n')],
    [TYPE, Buffer.from(`--xyz\r\n${HEAD}\r\n\r\nfile without an end`)],
    [TYPE, Buffer.from(`preamble\r\n--xyz\r\n${HEAD}\r\n\r\nfile\r\n--xyz--`)],
    [TYPE, form('file', 'Content-Disposition: form-data; name="image"')],
    [TYPE, form('file', `${HEAD}\r\nContent-Transfer-Encoding: base64`)],
    [TYPE, form('file', HEAD, `\r\n${HEAD}\r\n\r\nanother\r\n--xyz--`)],
  ];
  for (const [type, body] of wrong) {
    assert.throws(() => fileOf(type, body), MalformedField, `${type} ${body.toString()}`);
  }
});

/** In place of the process that decodes images: does what the upload says. */
process.on('disconnect', () => process.exit());
process.on('message', ({ upload }: { readonly upload: Uint8Array }) => {
  const word = Buffer.from(upload).toString();
  if (word === 'crash') process.abort();
  if (word === 'hang') for (;;);
  process.send?.({ unreadable: `says ${word}` });
});

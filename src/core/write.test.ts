// Rows as JSON text, whatever is in them.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { t } from './attributes.ts';
import { resource } from './resource.ts';
import { decoder, encode } from './sql.ts';
import { writer } from './write.ts';

const { fields, columns } = resource({
  name: 'thing',
  collection: 'things',
  doc: 'A thing.',
  table: 'things',
  extension: null,
  notFound: () => new Error('no such thing') as never,
  scopes: () => [],
  attributes: {
    id: t.id('Its id.'),
    project_id: t.free('Whose it is.'),
    size: t.int('Its size.').nullable(),
    on: t.bool('Whether it is on.').nullable(),
    list: t.json('A list.', { type: 'array' }).nullable(),
    twice: t.json('Its list, twice.', {}).computed(['list'], ({ list }) => [list, list]),
  },
});

const thing = fc.record({
  id: fc.string({ unit: 'binary' }),
  project_id: fc.string({ unit: fc.constantFrom('a', '"', '\\', '\n', '\u0000', '\ud800', '\udc00', 'ü', '😀') }),
  size: fc.option(fc.maxSafeInteger()),
  on: fc.option(fc.boolean()),
  list: fc.option(fc.array(fc.jsonValue())),
});

test('are read back as what they are, stored or decoded', () => {
  const write = writer(fields);
  const decode = decoder(fields);
  fc.assert(
    fc.property(thing, (row) => {
      const wanted = JSON.parse(JSON.stringify({ ...row, tenant_id: row.project_id, twice: [row.list, row.list] })) as object;
      const stored = Object.fromEntries(columns.map((field) => [field.name, encode(field, row[field.name as keyof typeof row])]));
      expect(JSON.parse(write({ ...stored, twice: [row.list, row.list] }))).toEqual(wanted);
      expect(JSON.parse(write({ ...row, twice: [row.list, row.list] }))).toEqual(wanted);
      // A stored null of a truth is no truth once decoded.
      if (row.on !== null) expect(JSON.parse(write(decode({ ...stored })))).toMatchObject({ on: row.on });
    }),
  );
});

test('have the attributes they have, and of those the ones asked for', () => {
  const row = { id: 'i', project_id: 'p', on: 1 };
  expect(writer(fields)(row)).toBe('{"id":"i","project_id":"p","tenant_id":"p","on":true}');
  expect(writer(fields, ['tenant_id', 'on', 'size', 'nonsense'])(row)).toBe('{"tenant_id":"p","on":true}');
  expect(writer(fields, ['nonsense'])(row)).toBe('{}');
});

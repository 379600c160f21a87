// The attribute language: what each word says of an attribute, and that what is declared, validated and published is one thing.
import { describe, expect, expectTypeOf, test } from 'vitest';
import { resources } from '#resources/index.ts';
import { type Attribute, type AttributeSpec, type Create, type Row, t, type Update } from './attributes.ts';
import { errorTable } from './errors.ts';
import { resource } from './resource.ts';
import { decoder, encode, selection, statements } from './sql.ts';

const errors = errorTable({ ThingNotFound: ['notFound', 'Thing {id} could not be found.'] });

describe('a word', () => {
  const plain = t.text('A text.');
  test.each<[string, Attribute<unknown, 'required' | 'optional' | 'readonly'>, Partial<AttributeSpec>]>([
    [
      'nothing',
      plain,
      { doc: 'A text.', post: true, put: false, required: true, visible: true, filter: false, sort: false, policy: false, column: 'text' },
    ],
    ['optional', plain.optional(), { required: false, post: true }],
    ['default', plain.default('x'), { required: false, default: 'x' }],
    ['readOnly', plain.mutable().readOnly(), { required: false, post: false, put: false }],
    ['mutable', plain.mutable(), { put: true, required: true }],
    ['updateOnly', plain.updateOnly(), { required: false, post: false, put: true }],
    ['nullable', plain.nullable(), { schema: { anyOf: [{ type: 'string', maxLength: 255 }, { type: 'null' }] } }],
    ['filter, sort, list, policy', plain.filter().sort().list().policy(), { filter: true, sort: true, list: true, policy: true }],
    ['hidden', plain.hidden(), { visible: false }],
    ['virtual', plain.virtual(), { column: null }],
    ['ref', plain.ref('network', 'clear'), { ref: { resource: 'network', onDelete: 'clear' } }],
    ['extension', plain.extension('x'), { extension: 'x' }],
    ['a derived int', t.int('').derived('1'), { column: null, reads: 'int' }],
    ['a bool', t.bool(''), { column: 'bool', reads: 'bool', schema: { type: 'boolean' } }],
    ['json', t.json('', { type: 'array' }), { column: 'json', reads: 'json' }],
    ['a name', t.name(''), { default: '', required: false }],
    ['a time', t.time(''), { post: false, put: false, schema: { type: 'string', format: 'date-time' } }],
  ])('%s', (_, { spec }, wanted) => {
    expect(spec).toMatchObject(wanted);
  });

  test('answers a new attribute and leaves the old one', () => {
    plain.optional().mutable().filter().nullable();
    expect(plain.spec).toMatchObject({ required: true, put: false, filter: false });
    expect(plain.spec.validate?.(null)).toBe("'None' is not a valid string");
    expect(plain.nullable().spec.validate?.(null)).toBeUndefined();
  });
});

const thing = resource({
  name: 'thing',
  collection: 'things',
  doc: '',
  table: 'things',
  extension: null,
  attributes: {
    id: t.id('').readOnly(),
    'a:b-c': t.int(''),
    on: t.bool('').default(true).mutable(),
    list: t.json<string[]>('', { type: 'array' }).nullable().optional(),
    seen: t.bool('').readOnly().derived('1 = 1'),
    given: t.text('').optional().virtual(),
    network_id: t.id('').ref('network', 'restrict'),
  },
  notFound: (id) => errors.ThingNotFound({ id }),
  scopes: () => [],
});

describe('a resource', () => {
  test('has types that say what a create and an update hold', () => {
    type A = (typeof thing)['attributes'];
    expectTypeOf<Row<A>>().toEqualTypeOf<{
      id: string;
      'a:b-c': number;
      on: boolean;
      list: string[] | null;
      seen: boolean;
      given: string;
      network_id: string;
    }>();
    expectTypeOf<Create<A>>().toExtend<{ 'a:b-c': number; network_id: string; on?: boolean; list?: string[] | null }>();
    expectTypeOf<Update<A>>().toExtend<{ on?: boolean }>();
    expectTypeOf<Create<A>>().not.toHaveProperty('id');
  });

  test('knows its columns and parents', () => {
    expect(thing.columns.map(({ sqlName }) => sqlName)).toEqual(['id', 'a_b_c', 'on', 'list', 'network_id']);
    expect([...thing.parents]).toEqual([['network', { resource: 'network', field: 'network_id' }]]);
    expect(thing.operations).toEqual(['list', 'show', 'create', 'update', 'delete']);
  });

  test('reads what it wrote', () => {
    const row = { id: 'i', 'a:b-c': 5, on: true, list: ['a', 'b'], network_id: 'n' };
    const written = Object.fromEntries(thing.columns.map((field) => [field.name, encode(field, row[field.name as keyof typeof row])]));
    expect(written).toEqual({ id: 'i', 'a:b-c': 5, on: 1, list: '["a","b"]', network_id: 'n' });
    expect(decoder(thing.columns)({ ...written })).toEqual(row);
    expect(decoder(thing.columns)({ ...written, list: null, on: 0 })).toMatchObject({ list: null, on: false });
    expect(encode(thing.field.get('list') as never, null)).toBeNull();
  });

  test('has statements that name every column once', () => {
    const { insert, update } = statements(thing as never);
    expect(insert).toBe('INSERT INTO things (id, a_b_c, on, list, network_id) VALUES (?, ?, ?, ?, ?)');
    const on = [thing.field.get('on') as never];
    expect(update(on)).toBe('UPDATE things SET on = ? WHERE id = ?');
    expect(update(on)).toBe(update(on));
    expect(selection(thing.fields, { name: 'sqlite' } as never)).toContain('r.a_b_c AS "a:b-c", ');
  });
});

describe.each(resources.flatMap(({ resource: of }) => of.fields.map((field) => [`${of.name}.${field.name}`, field] as const)))(
  '%s',
  (_, field) => {
    test('is documented, and its default is one it would accept', () => {
      expect(field.doc).toMatch(/\S.*[.:`]/);
      if (field.default === undefined) return;
      const value = field.convert ? field.convert(field.default) : field.default;
      expect(value).toEqual(field.default);
      expect(field.validate?.(value)).toBeUndefined();
    });
    test('is set somewhere or is the server’s own; what is required cannot be read-only', () => {
      expect(field.required && !field.post).toBe(false);
      const found = !field.filter || field.filterSql !== undefined || field.column !== null || field.derived !== undefined;
      expect(found || field.post || field.put).toBe(true);
    });
  },
);

// Tags as clients put them on resources and find resources by them.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '#test/postgres.ts';
import { type Cloud, openCloud } from './cloud.ts';

describe.each(engines())('tags on $name', (engine) => {
  let cloud: Cloud;
  beforeAll(async () => {
    cloud = await openCloud(engine);
  });
  afterAll(() => cloud.close());

  test('are put on, shown, counted as changes and taken off', async () => {
    const member = cloud.as(cloud.member);
    const { id, revision_number } = await cloud.make('network', { name: 'n' });
    const path = `/networks/${id}/tags`;
    const tags = async (): Promise<unknown> => (await member('GET', path)).body;
    const replaced = await member('PUT', path, { tags: ['blue', 'a,b'] });
    expect([replaced.status, replaced.body]).toEqual([200, { tags: ['blue', 'a,b'] }]);
    const added = await member('PUT', `${path}/red.1`);
    expect([added.status, added.body]).toEqual([201, null]);
    expect((await member('PUT', `${path}/red.1`)).status).toBe(201);
    const more = await member('POST', path, { tags: ['green', 'blue'] });
    expect([more.status, more.body]).toEqual([200, { tags: ['green', 'blue'] }]);
    expect(await tags()).toEqual({ tags: ['blue', 'a,b', 'red.1', 'green'] });
    expect((await member('GET', `${path}/red.1`)).status).toBe(204);
    expect((await member('DELETE', `${path}/red.1`)).status).toBe(204);
    expect((await member('GET', `${path}/red.1`)).at('NeutronError.type')).toBe('TagNotFound');
    expect((await member('DELETE', `${path}/red.1`)).at('NeutronError.message')).toBe('Tag red.1 could not be found.');
    const shown = await member('GET', `/networks/${id}`);
    expect(shown.at('network.tags')).toEqual(['blue', 'a,b', 'green']);
    expect(shown.at('network.revision_number')).toBe(Number(revision_number) + 4);
    expect((await member('DELETE', path)).status).toBe(204);
    expect(await tags()).toEqual({ tags: [] });
  });

  test('find what has all, any, not all or none of them', async () => {
    const member = cloud.as(cloud.member);
    const names = async (search: string): Promise<string[]> =>
      (
        (await member('GET', `/networks?name=x&name=y&name=z&sort_key=name&sort_dir=asc&${search}`)).at('networks') as { name: string }[]
      ).map(({ name }) => name);
    for (const [name, tags] of [
      ['x', ['1', '2']],
      ['y', ['2', '3']],
      ['z', []],
    ] as const) {
      const { id } = await cloud.make('network', { name });
      await member('PUT', `/networks/${id}/tags`, { tags });
    }
    expect(await names('tags=1,2')).toEqual(['x']);
    expect(await names('tags=2&tags=3')).toEqual(['y']);
    expect(await names('tags-any=1,3')).toEqual(['x', 'y']);
    expect(await names('not-tags=1,2')).toEqual(['y', 'z']);
    expect(await names('not-tags-any=1,3')).toEqual(['z']);
    expect(await names('tags=2&not-tags-any=3')).toEqual(['x']);
    expect(await names("tags='")).toEqual([]);
  });

  test.each([
    ['no tags', {}, 'Invalid tags body.'],
    ['no list', { tags: 'a' }, "'a' is not a list."],
    ['no text', { tags: [1] }, "'1' is not a valid string."],
    ['the same twice', { tags: ['a', 'b', 'a'] }, "Duplicate items in the list: 'a'."],
    ['too long', { tags: ['x'.repeat(256)] }, `'${'x'.repeat(256)}' exceeds maximum length of 255.`],
    ['too many', { tags: Array.from({ length: 51 }, (_, at) => `${at}`) }, 'The number of tags exceed the per-resource limit of 50.'],
  ])('are refused: %s', async (_, body, reason) => {
    const { id } = await cloud.make('network', {});
    const { status, body: told } = await cloud.as(cloud.member)('PUT', `/networks/${id}/tags`, body);
    expect([status, told]).toEqual([
      400,
      { NeutronError: { type: 'InvalidInput', message: `Invalid input for operation: ${reason}`, detail: '' } },
    ]);
  });

  test('are for those who may change the resource', async () => {
    const { id } = await cloud.make('network', {});
    const path = `/networks/${id}/tags/a`;
    const status = async (person: keyof Cloud & ('admin' | 'manager' | 'member' | 'reader' | 'stranger')): Promise<number> =>
      (await cloud.as(cloud[person])('PUT', path)).status;
    expect(await status('admin')).toBe(201);
    expect(await status('manager')).toBe(201);
    expect(await status('member')).toBe(201);
    expect(await status('reader')).toBe(403);
    expect((await cloud.as(cloud.reader)('GET', path)).status).toBe(204);
    expect(await status('stranger')).toBe(403);
    expect((await cloud.as(cloud.stranger)('GET', path)).status).toBe(403);
    const absent = await cloud.as(cloud.stranger)('PUT', `/networks/${cloud.member.projectId}/tags/a`);
    expect(absent.at('NeutronError.type')).toBe('TagResourceNotFound');
  });

  test('can be given to ports as they are made', async () => {
    const { id } = await cloud.make('network', {});
    const port = await cloud.make('port', { network_id: id, tags: ['a', 'b'] });
    expect(port.tags).toEqual(['a', 'b']);
    const found = await cloud.as(cloud.member)('GET', '/ports?tags=b&fields=id');
    expect(found.at('ports')).toEqual([{ id: port.id }]);
    expect((await cloud.as(cloud.member)('DELETE', `/ports/${port.id}`)).status).toBe(204);
    expect(await cloud.store.read.all('SELECT tag FROM tags WHERE object_id = ?', port.id)).toEqual([]);
  });
});

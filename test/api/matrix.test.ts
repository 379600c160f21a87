// Every route, asked by everybody: what each may do with a row of the member's project is what the published policy rules say (oracle.ts), and who
// may not see a row is told that there is none. Made from the declarations: a new resource is in it as soon as workshop.ts knows how to make one.
import type { HTTPMethods } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { actionPath, pathsOf } from '#api/paths.ts';
import { routesOf } from '#api/server.ts';
import type { Resource } from '#core/resource.ts';
import { resources } from '#resources/index.ts';
import { engines } from '#test/postgres.ts';
import { type Cloud, NOWHERE, openCloud, type Person, type Shown } from './cloud.ts';
import { type Answers, type Asker, isRule, may } from './oracle.ts';
import { isMade, type Made, Workshop } from './workshop.ts';

const served = resources.filter(({ resource }) => resource.operations.length > 0);

/** Routes that belong to no resource; each has a test of its own. */
const OTHERS =
  /^\/v2\.0\/($|extensions\b|quotas\b|agents\/:id\/(dhcp.networks|l3.routers)\b|networks\/:id\/dhcp.agents$|routers\/:id\/l3.agents$)/;

const ROLES = {
  admin: ['admin', 'manager', 'member', 'reader'],
  manager: ['manager', 'member', 'reader'],
  member: ['member', 'reader'],
  reader: ['reader'],
  stranger: ['member', 'reader'],
  service: ['service'],
} as const;
type Who = keyof typeof ROLES;
const everybody = Object.keys(ROLES) as Who[];

const unlimited = Object.fromEntries(resources.flatMap(({ resource: { name, quota } }) => (quota === undefined ? [] : [[name, -1]])));

describe.each(engines())('everybody, everywhere, on $name', (engine) => {
  let cloud: Cloud;
  let workshop: Workshop;
  beforeAll(async () => {
    cloud = await openCloud(engine, { settings: { quota: unlimited } });
    workshop = new Workshop(cloud);
    for (const host of ['host', 'other']) await cloud.join(host);
  });
  afterAll(() => cloud.close());

  const askerOf = (who: Who): Asker => ({ roles: ROLES[who], projectId: (cloud[who] as Person).projectId });
  const ask = (who: Who, method: string, path: string, body?: unknown) => cloud.as(cloud[who] as Person)(method as HTTPMethods, path, body);

  /** A row's answers to rules. All its parents are of one project. */
  const answersOf =
    (row: Readonly<Record<string, unknown>>, owner = cloud.member): Answers =>
    (attribute) =>
      attribute.endsWith(':project_id') ? owner.projectId : row[attribute];

  const verdicts = async (verb: (who: Who) => Promise<number>): Promise<Record<Who, number>> => {
    const found: Partial<Record<Who, number>> = {};
    for (const who of everybody) found[who] = await verb(who);
    return found as Record<Who, number>;
  };
  const expected = (verdict: (asker: Asker) => number): Record<Who, number> =>
    Object.fromEntries(everybody.map((who) => [who, verdict(askerOf(who))])) as Record<Who, number>;

  /** What becomes of a call by a rule, on a row that whoever cannot see does not know. */
  const outcome =
    (resource: Resource, row: Shown, rule: string, good: number) =>
    (asker: Asker): number => {
      if (!may(`get_${resource.name}`, asker, answersOf(row))) return 404;
      return may(rule, asker, answersOf(row)) ? good : 403;
    };

  describe.each(served.filter(({ resource }) => isMade(resource.name)))('$resource.name', ({ resource, actions }) => {
    let made: Made;
    const { name, key, operations } = resource;
    beforeAll(async () => {
      made = await workshop.make(name);
    });

    test('is listed for those who may see it', async () => {
      const listed = await verdicts(async (who) => {
        const answer = await ask(who, 'GET', made.collection);
        const rows = (answer.at(resource.collection) ?? []) as Shown[];
        if (answer.status === 404 && resource.parent) return 0;
        expect([who, answer.status]).toEqual([who, 200]);
        return rows.filter((row) => row[resource.item] === made.row[resource.item]).length;
      });
      expect(listed).toEqual(expected((asker) => (may(`get_${name}`, asker, answersOf(made.row)) ? 1 : 0)));
    });

    test('is shown to those who may see it, with the attributes that they may see', async () => {
      for (const who of everybody) {
        const asker = askerOf(who);
        const answers = answersOf(made.row);
        const answer = await ask(who, 'GET', made.path);
        const visible = may(`get_${name}`, asker, answers);
        expect([who, answer.status]).toEqual([who, visible ? 200 : 404]);
        if (!visible) continue;
        const shown = resource.fields.filter((field) => {
          const rule = `get_${name}:${field.name}`;
          return field.visible && (!isRule(rule) || may(rule, asker, answers));
        });
        const keys = Object.keys(answer.at(key) as object).filter((one) => one !== 'tenant_id');
        expect([who, keys.sort()]).toEqual([who, shown.map((field) => field.name).sort()]);
      }
    });

    if (operations.includes('create'))
      test('is made by those who may make one', async () => {
        for (const who of everybody) {
          const { attributes, parent } = await workshop.wish(name, cloud[who] as Person);
          const asker = askerOf(who);
          const rules = Object.keys(attributes).filter((attribute) => resource.field.get(attribute)?.policy);
          const answers = answersOf({ project_id: asker.projectId, ...attributes }, cloud[who]);
          const allowed = [`create_${name}`, ...rules.map((attribute) => `create_${name}:${attribute}`)]
            .filter((rule, index) => index === 0 || isRule(rule))
            .every((rule) => may(rule, asker, answers));
          const answer = await ask(who, 'POST', workshop.path(resource, parent), { [key]: attributes });
          // In or of something that one cannot see, there is nothing to be made; and rows of others are refused as such.
          const denied = answer.status === 403 || answer.status === 404 || answer.text.includes("Specifying 'project_id' other than");
          expect([who, answer.status === 201, denied, answer.text]).toEqual([who, allowed, !allowed, answer.text]);
        }
      });

    if (operations.includes('update'))
      test('is changed by those who may change it', async () => {
        const answers = await verdicts(async (who) => (await ask(who, 'PUT', made.path, { [key]: {} })).status);
        expect(answers).toEqual(expected(outcome(resource, made.row, `update_${name}`, 200)));
      });

    if (operations.includes('delete'))
      test('is deleted by those who may delete it', async () => {
        const victims = new Map<Who, Made>();
        for (const who of everybody) victims.set(who, await workshop.make(name));
        const pathOf = (who: Who) => (victims.get(who) as Made).path;
        const answers = await verdicts(async (who) => (await ask(who, 'DELETE', pathOf(who))).status);
        expect(answers).toEqual(expected((asker) => outcome(resource, made.row, `delete_${name}`, 204)(asker)));
        const left = await verdicts(async (who) => (await ask('admin', 'GET', pathOf(who))).status);
        expect(left).toEqual(Object.fromEntries(everybody.map((who) => [who, answers[who] === 204 ? 404 : 200])));
      });

    test.each(actions.map((action) => [action.name, action] as const))('%s is for those who may', async (_, action) => {
      const rule = action.rule ?? action.name;
      const path = actionPath(made.path, action, NOWHERE);
      for (const who of everybody) {
        const { status, text } = await ask(who, action.method, path, ['GET', 'DELETE'].includes(action.method) ? undefined : {});
        const wanted = outcome(resource, made.row, rule, 200)(askerOf(who));
        // An empty call is allowed when it gets as far as being found empty, or about nothing.
        if (wanted === 200) expect([who, [200, 201, 204, 400, 404].includes(status), text]).toEqual([who, true, text]);
        else expect([who, status, text]).toEqual([who, wanted, text]);
      }
    });

    if (resource.field.get('tags')?.visible)
      test('has tags for those who may', async () => {
        const calls = [
          ['GET', '', 'get', undefined],
          ['PUT', '', 'update', { tags: ['a'] }],
          ['POST', '', 'create', { tags: ['a'] }],
          ['PUT', '/a', 'update', undefined],
          ['GET', '/a', 'get', undefined],
          ['DELETE', '/a', 'delete', undefined],
          ['DELETE', '', 'delete', undefined],
        ] as const;
        for (const [method, tag, verb, body] of calls) {
          for (const who of everybody) {
            if (tag !== '') await ask('admin', 'PUT', `${made.path}/tags/a`);
            const { status } = await ask(who, method, `${made.path}/tags${tag}`, body);
            const allowed = may(`${verb}_${name}:tags`, askerOf(who), answersOf(made.row));
            expect([who, method, tag, status < 300, allowed || status === 403]).toEqual([who, method, tag, allowed, true]);
          }
        }
      });
  });

  test('whatever clients make is made here', () => {
    const made = served.filter(({ resource }) => resource.operations.includes('create')).map(({ resource }) => resource.name);
    expect(made.filter((name) => !isMade(name))).toEqual([]);
  });

  test('nobody is told anything', async () => {
    for (const { resource } of served.filter((one) => isMade(one.resource.name))) {
      const { path } = await workshop.make(resource.name);
      for (const method of ['GET', 'PUT', 'DELETE'] as const) {
        const { status } = await cloud.send(method, path, method === 'PUT' ? { body: {} } : {});
        expect([method, path, status]).toEqual([method, path, 401]);
      }
    }
  });

  test('what nobody makes is for those who may see it', async () => {
    for (const { resource } of served.filter((one) => !isMade(one.resource.name) && one.resource.operations.includes('list'))) {
      const [path = ''] = pathsOf(resource, cloud.registry);
      const all = await ask('admin', 'GET', path);
      expect([path, all.status]).toEqual([path, 200]);
      const named = resource.field.get(resource.item)?.visible ? resource.item : 'name';
      for (const row of (all.at(resource.collection) as Shown[]).slice(0, 3)) {
        for (const who of everybody) {
          // A pool of addresses is everybody's own.
          const mine = ((await ask(who, 'GET', path)).at(resource.collection) as Shown[]).find((other) => other[named] === row[named]);
          const allowed = may(`get_${resource.name}`, askerOf(who), (name) => (mine ?? row)[name]);
          expect([path, who, mine !== undefined]).toEqual([path, who, allowed]);
        }
      }
    }
  });

  test('every route is of a resource, or known to have a test of its own', () => {
    const known = new Set<string>();
    for (const { resource, actions } of resources) {
      for (const path of pathsOf(resource, cloud.registry)) {
        const item = `${path}/:id`;
        for (const one of [path, item, `${item}/tags`, `${item}/tags/:tag`]) known.add(one);
        for (const action of actions) known.add(actionPath(item, action));
      }
    }
    const unknown = (routesOf.get(cloud.app) ?? []).filter(({ url }) => url.startsWith('/v2.0') && !known.has(url) && !OTHERS.test(url));
    expect(unknown).toEqual([]);
  });
});

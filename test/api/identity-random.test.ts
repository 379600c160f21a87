// Whatever is sent to the identity API, the answer is never a 500: random bodies, paths and filters at every call, on every engine.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { calls } from '#api/identity/calls.ts';
import { engines, type OpenEngine } from '#test/postgres.ts';
import { ADMIN_PASSWORD, adminToken, type IdentityServer, identityServer, passwordLogin } from './identity-server.ts';

const nouns = [
  'project',
  'user',
  'domain',
  'role',
  'application_credential',
  'auth',
  'identity',
  'methods',
  'password',
  'token',
  'scope',
  'system',
];
const attributes = [
  'name',
  'id',
  'description',
  'enabled',
  'domain_id',
  'parent_id',
  'tags',
  'roles',
  'expires_at',
  'secret',
  'original_password',
  'options',
];
const key = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...nouns, ...attributes, '__proto__', 'constructor') },
  fc.string({ maxLength: 4 }),
);
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.constantFrom('default', 'admin', 'password', 'token', '\0', '\ud800', '2030-01-01T00:00:00Z', '9'.repeat(300), 'unscoped'),
);
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    text,
    fc.boolean(),
    fc.constantFrom(null, 0, -1, 1e300, 1.5),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 5 }).map(Object.fromEntries),
  ),
}));
/** Mostly the right noun with something inside, since most of the rest is refused at the door. */
const body = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.constantFrom(...nouns), fc.array(fc.tuple(key, value), { maxLength: 6 }))
      .map(([noun, inner]) => ({ [noun]: Object.fromEntries(inner) })),
  },
  { weight: 1, arbitrary: value },
);
const raw = fc.oneof(
  body.map((json) => JSON.stringify(json)),
  fc.string({ maxLength: 12 }),
  fc.constantFrom('DEEP', '{"user":', '{"__proto__":{}}', ''),
);
/** Deep enough to exhaust the stack of whoever walks it unprepared. */
const deep = `{"user":{"name":"deep","x":${'['.repeat(50_000)}${']'.repeat(50_000)}}}`;
const segment = fc.oneof(text, fc.constantFrom('default', 'RegionOne')).map((one) => encodeURIComponent(one.toWellFormed()) || 'x');
const query = fc.array(
  fc.tuple(
    fc.constantFrom('name', 'domain_id', 'enabled', 'user.id', 'scope.project.id', 'effective', 'include_names', 'tags', 'nocatalog'),
    text,
  ),
  {
    maxLength: 3,
  },
);

describe.each(engines())('identity on $name', (engine) => {
  let opened: OpenEngine;
  let server: IdentityServer;
  let login: () => Promise<string>;
  beforeAll(async () => {
    opened = await engine.open();
    server = await identityServer(opened.store);
    login = () => adminToken(server);
  });
  afterAll(async () => {
    await server.app.close();
    await opened.remove();
  });

  test('never answers 500', { timeout: 120_000 }, async () => {
    const token = await login();
    const request = fc.record({
      index: fc.nat({ max: calls.length - 1 }),
      segments: fc.array(segment, { minLength: 3, maxLength: 3 }),
      query,
      raw,
      type: fc.constantFrom('application/json', 'text/plain', ''),
    });
    await fc.assert(
      fc.asyncProperty(request, async ({ index, segments, query, raw, type }) => {
        const call = calls[index];
        if (call === undefined) throw new Error('no such call');
        let next = 0;
        const path = call.path.replace(/:\w+/g, () => segments[next++] ?? 'x');
        // Disabling the administrator's own domain would end the test.
        fc.pre(call.method !== 'PATCH' || path !== '/domains/default');
        const search = new URLSearchParams(query.map(([name, one]): [string, string] => [name, one.toWellFormed()]));
        const response = await server.app.inject({
          method: call.method,
          url: `/identity/v3${path}?${search}`,
          headers: { 'x-auth-token': token, 'x-subject-token': 'x', ...(type !== '' && { 'content-type': type }) },
          ...(call.method !== 'GET' && { payload: raw === 'DEEP' ? deep : raw }),
        });
        if (response.statusCode >= 500) throw new Error(`${call.method} ${path}?${search} ${raw.slice(0, 300)}: ${response.body}`);
        // Names too long for any path are the server's own affair.
        if (response.statusCode >= 400 && response.statusCode !== 414) expect(response.json().error.code).toBe(response.statusCode);
      }),
      { numRuns: 1_500 },
    );
    expect(await server.identity.authenticate(token)).toBeDefined();
  });

  test('takes mistakes in a right login as 400 or 401', { timeout: 60_000 }, async () => {
    const right = passwordLogin({ name: 'admin', domain: { id: 'default' } }, ADMIN_PASSWORD, {
      project: { name: 'admin', domain: { id: 'default' } },
    });
    const places = placesOf(right);
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...places), value, async (place, wrong) => {
        const response = await server.app.inject({
          method: 'POST',
          url: '/identity/v3/auth/tokens',
          payload: JSON.stringify(replaced(right, place, wrong)),
        });
        expect([201, 400, 401]).toContain(response.statusCode);
      }),
      { numRuns: 500 },
    );
  });
});

/** Every place inside a value, as a list of keys. */
function placesOf(inside: unknown, at: readonly string[] = []): (readonly string[])[] {
  const inner = typeof inside === 'object' && inside !== null ? Object.entries(inside) : [];
  return [at, ...inner.flatMap(([name, one]) => placesOf(one, [...at, name]))];
}

function replaced(inside: unknown, [first, ...rest]: readonly string[], by: unknown): unknown {
  if (first === undefined) return by;
  const copy = Array.isArray(inside) ? [...inside] : { ...(inside as object) };
  return Object.assign(copy, { [first]: replaced((inside as Record<string, unknown>)[first], rest, by) });
}

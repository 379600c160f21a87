// How request bodies are read: as JSON whatever their type says, and none at all where a client announces JSON and sends nothing, as tempest and the
// `openstack` command do.
import type { FastifyInstance } from 'fastify';

/** Levels of lists and objects in a body. No attribute needs many; what looks at each level in turn would run out of stack. */
const LEVELS = 64;

export function readJson(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (request, body, finish) => {
    if (body === '') finish(null, undefined);
    // No deletion has a body, whatever would be in it.
    else if (request.method === 'DELETE') finish(null, body);
    else
      parse(request, body.toString(), (error, value) => {
        if (!error && deeperThan(value, LEVELS)) finish(new SyntaxError('nested too deeply'));
        else finish(error, value);
      });
  });
}

/** Whether lists and objects are in one another more than so many times. */
export function deeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => deeperThan(inner, levels - 1));
}

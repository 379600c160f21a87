// How request bodies are read: as JSON whatever their type says, and none at all where a client announces JSON and sends nothing, as tempest and the
// `openstack` command do.
import type { FastifyInstance } from 'fastify';

export function readJson(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (request, body, finish) => {
    if (body === '') finish(null, undefined);
    else parse(request, body.toString(), finish);
  });
}

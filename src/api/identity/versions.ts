// Version discovery: how clients find out that /identity speaks v3. Answers of GET /identity and GET /identity/v3.
import type { Ask } from './call.ts';

/** The newest minor version whose calls we serve, as far as the reference says; clients only look at the 3. */
const describeV3 = (ask: Ask) => ({
  id: 'v3.14',
  status: 'stable',
  updated: '2020-04-07T00:00:00Z',
  links: [{ rel: 'self', href: ask.url('/') }],
  'media-types': [{ base: 'application/json', type: 'application/vnd.openstack.identity-v3+json' }],
});

export const versions = (ask: Ask): object => ({ versions: { values: [describeV3(ask)] } });
export const version = (ask: Ask): object => ({ version: describeV3(ask) });

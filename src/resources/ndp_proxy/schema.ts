// An NDP proxy: a router answers on its external network for an IPv6 address inside, which so is reached from outside as it is.
import { t } from '#core/attributes.ts';
import { resource } from '#core/resource.ts';
import { notBlank } from '#core/validate.ts';
import { identity, standard } from '#packs/standard.ts';
import { ndpProxyErrors } from './errors.ts';

export const ndpProxy = resource({
  name: 'ndp_proxy',
  collection: 'ndp_proxies',
  doc: 'Makes an IPv6 address inside known outside.',
  table: 'ndp_proxies',
  extension: 'l3-ndp-proxy',
  attributes: {
    id: t.id('Identifies the proxy; made by the server.').readOnly().sort().list(),
    name: identity.name,
    project_id: t.text('The project it belongs to; `tenant_id` is the same.').validate(notBlank(255)).sort(),
    router_id: t.id('The router that answers.').ref('router', 'delete').sort().list(),
    port_id: t.id('The port of the address.').ref('port', 'delete').sort().list(),
    ip_address: t.ip('The address; the first that the router is on the subnet of when left out.').nullable().default(null).sort().list(),
    ...standard,
  },
  notFound: (id) => ndpProxyErrors.NDPProxyNotFound({ id }),
  conflict: ({ router_id, ip_address }) =>
    ndpProxyErrors.NeutronDbObjectDuplicateEntry({
      object_type: 'NDPProxy',
      attributes: "['router_id', 'ip_address']",
      values: `${router_id}-${ip_address}`,
    }),
  scopes: (row) => [`router:${row.router_id}`],
});

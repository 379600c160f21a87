// What a router has of NDP proxies: whether it may have any. Meaning is in resources/ndp_proxy.
import { t } from '#core/attributes.ts';

export const ndpProxying = {
  enable_ndp_proxy: t
    .bool('Whether it answers outside for IPv6 addresses inside.')
    .nullable()
    .optional()
    .mutable()
    .filter()
    .extension('l3-ext-ndp-proxy'),
};

// Names: the domains of networks and ports, of which some labels may stand for whoever a name is made for.
import { t } from '#core/attributes.ts';
import { toLowerCase } from '#core/convert.ts';
import * as check from '#core/validate.ts';

const domain = (doc: string) => t.text(doc).convert(toLowerCase).validate(check.dnsDomain(255)).default('').mutable();

/** The domain of a network's names. */
export const networkDomain = {
  dns_domain: domain('Domain of the names of its ports, with a dot at its end.').extension('dns-integration'),
};

/** The domain of a port's name. */
export const portDomain = {
  dns_domain: domain("Domain its name is published in instead of its network's, with a dot at its end.").extension('dns-domain-ports'),
};

// A port's name may be given whole, with a dot at its end: it is then one of the cloud's own domain.
import { requestErrors } from '#core/input.ts';
import type { RulesOf } from '#core/resource.ts';
import type { Settings } from '#core/settings.ts';
import type { port } from './schema.ts';

function checkName(name: string | undefined, { dnsDomain }: Settings): void {
  if (!name?.endsWith('.') || name.endsWith(`.${dnsDomain}`)) return;
  throw requestErrors.HTTPBadRequest({
    reason: `Invalid input for dns_name. Reason: The dns_name passed is a FQDN. Its higher level labels must be equal to the dns_domain option in neutron.conf, that has been set to '${dnsDomain}'. It must also include one or more valid DNS labels to the left of '${dnsDomain}'.`,
  });
}

export const fqdnRules: RulesOf<typeof port> = {
  async create({ settings }, { dns_name }) {
    checkName(dns_name, settings);
  },
  async update({ settings }, _, { dns_name }) {
    checkName(dns_name, settings);
  },
};

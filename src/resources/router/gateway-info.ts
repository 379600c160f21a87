// The shape of `external_gateway_info`: which parts it has and which texts refuse it. Pure; what it means is gateway.ts.
import { type Convert, toBoolean } from '#core/convert.ts';
import { repr } from '#core/python.ts';
import * as check from '#core/validate.ts';

type Parts = Readonly<Record<string, unknown>>;

/** Each part's own check, in the order that they are made. */
const PARTS: Readonly<Record<string, check.Validate>> = {
  network_id: check.uuid,
  external_fixed_ips: check.fixedIps,
  enable_snat: () => undefined,
  qos_policy_id: check.orNull(check.uuid),
};

export const gatewaySchema = {
  type: 'object',
  properties: {
    network_id: { type: 'string', format: 'uuid' },
    enable_snat: { type: 'boolean' },
    qos_policy_id: { type: ['string', 'null'], format: 'uuid' },
    external_fixed_ips: {
      type: 'array',
      items: { type: 'object', properties: { subnet_id: { type: 'string' }, ip_address: { type: 'string' } } },
    },
  },
  required: ['network_id'],
};

const isParts = (value: unknown): value is Parts => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Nothing at all, however it is written, is no gateway. */
export const convertGateway: Convert = (value) => {
  if (isParts(value) && Object.keys(value).length > 0) {
    return Object.hasOwn(value, 'enable_snat') ? { ...value, enable_snat: toBoolean(value.enable_snat) } : value;
  }
  return isParts(value) || !value || (Array.isArray(value) && value.length === 0) ? null : value;
};

/** Why a gateway is refused, or undefined. */
export const validateGateway: check.Validate = (value) => {
  if (value === null) return undefined;
  const wrong = check.object(value);
  if (wrong !== undefined) return wrong;
  const given = Object.keys(value as Parts);
  const unexpected = given.filter((name) => !Object.hasOwn(PARTS, name));
  if (unexpected.length > 0) return `Unexpected keys supplied: ${unexpected.join(', ')}`;
  if (!given.includes('network_id')) {
    return `Validation of dictionary's keys failed. Expected keys: {'network_id'} Provided keys: {${given.map(repr).join(', ')}}`;
  }
  for (const [name, validate] of Object.entries(PARTS)) {
    const reason = given.includes(name) ? validate((value as Parts)[name]) : undefined;
    if (reason !== undefined) return reason;
  }
  return undefined;
};

// The QoS policy of whatever can have one. Spread into its attributes; what it means: resources/qos/bindings.ts.
import { t } from '#core/attributes.ts';

/** The attribute, without its extension. */
export const qosPolicyId = t.id('The QoS policy of its traffic.').nullable().default(null).mutable().policy().ref('policy', 'restrict');

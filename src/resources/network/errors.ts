// What a client may be told of networks.
import { errorTable } from '#core/errors.ts';

export const networkErrors = errorTable({
  NetworkNotFound: ['notFound', 'Network {net_id} could not be found.'],
  NetworkInUse: ['conflict', 'Unable to complete operation on network {net_id}. {reason}.'],
  InvalidSharedSetting: ['conflict', 'Unable to reconfigure sharing settings for network {network}. Multiple projects are using it.'],
  ExternalNetworkInUse: [
    'conflict',
    'External network {net_id} cannot be updated to be made non-external, since it has existing gateway ports.',
  ],
  DefaultExternalNetworkExists: ['conflict', 'A default external network already exists: {net_id}.'],
  NetworkMTUSubnetConflict: ['conflict', 'MTU of {net_id} is not valid, subnet requires a minimum of {mtu}'],
});

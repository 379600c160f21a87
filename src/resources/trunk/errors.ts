// What a client may be told of trunks.
import { errorTable } from '#core/errors.ts';

export const trunkErrors = errorTable({
  TrunkNotFound: ['notFound', 'Trunk {trunk_id} could not be found.'],
  SubPortNotFound: ['notFound', 'SubPort {port_id} on trunk {trunk_id} could not be found.'],
  TrunkDisabled: ['conflict', 'Trunk {trunk_id} is currently disabled.'],
  TrunkInUse: ['conflict', 'Trunk {trunk_id} is currently in use.'],
  TrunkPortInUse: ['conflict', 'Port {port_id} is in use by another trunk.'],
  ParentPortInUse: ['conflict', 'Port {port_id} is currently in use and is not eligible for use as a parent port.'],
  PortInUse: [
    'conflict',
    'Unable to complete operation on port {port_id} for network {net_id}. Port already has an attached device {device_id}.',
  ],
  PortInUseAsTrunkParent: ['conflict', 'Port {port_id} is currently a parent port for trunk {trunk_id}.'],
  PortInUseAsSubPort: ['conflict', 'Port {port_id} is currently a subport for trunk {trunk_id}.'],
  DuplicateSubPort: [
    'conflict',
    'segmentation_type {segmentation_type} and segmentation_id {segmentation_id} already in use on trunk {trunk_id}.',
  ],
  SubPortMtuGreaterThanTrunkPortMtu: [
    'conflict',
    'MTU {port_mtu} of subport {port_id} cannot be greater than MTU {trunk_mtu} of trunk {trunk_id}.',
  ],
});

// What a client may be told of segments, and of subnets and ports that are bound to some.
import { errorTable } from '#core/errors.ts';

export const segmentErrors = errorTable({
  SegmentNotFound: ['notFound', 'Segment {segment_id} could not be found.'],
  SegmentInUse: ['conflict', "Segment '{segment_id}' cannot be deleted: {reason}."],
  NetworkIdsDontMatch: ['invalid', "The subnet's network id, '{subnet_network}', doesn't match the network_id of segment '{segment_id}'"],
  SubnetsNotAllAssociatedWithSegments: [
    'invalid',
    "All of the subnets on network '{network_id}' must either all be associated with segments or all not associated with any segment.",
  ],
  NoUpdateSubnetWhenMultipleSegmentsOnNetwork: [
    'invalid',
    "The network '{network_id}' has multiple segments, it is only possible to associate an existing subnet with a segment on networks with a single segment.",
  ],
  SubnetSegmentAssociationChangeNotAllowed: [
    'invalid',
    'A subnet that is already associated with a segment cannot have its segment association changed.',
  ],
  HostNotConnectedToAnySegment: [
    'conflict',
    "Host {host} is not connected to any segments on routed provider network '{network_id}'.  It should be connected to one.",
  ],
  HostNotCompatibleWithFixedIps: [
    'conflict',
    'Host {host} is not connected to a segment where the existing fixed_ips on port {port_id} will function given the routed network topology.',
  ],
  FixedIpsSubnetsNotOnSameSegment: ['invalid', 'Cannot allocate addresses from different segments.'],
});

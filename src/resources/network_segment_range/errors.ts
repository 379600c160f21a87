// What a client may be told of ranges of segments' numbers.
import { errorTable } from '#core/errors.ts';

export const rangeErrors = errorTable({
  NetworkSegmentRangeNotFound: ['notFound', 'Network Segment Range {range_id} could not be found.'],
  NetworkSegmentRangeDefaultReadOnly: [
    'invalid',
    'Network Segment Range {range_id} is a default segment range which could not be updated or deleted.',
  ],
  NetworkSegmentRangeReferencedByProject: ['conflict', 'Network Segment Range {range_id} is referenced by one or more project networks.'],
  NetworkSegmentRangeOverlaps: ['conflict', 'Network segment range overlaps with range(s) with id {range_id}'],
  NetworkSegmentRangeNetTypeNotSupported: ['invalid', 'Network type {type} does not support network segment ranges.'],
  NetworkTunnelRangeError: ['failed', "Invalid network tunnel range: '{tunnel_range}' - {error}."],
  NetworkVlanRangeError: ['failed', "Invalid network VLAN range: '{vlan_range}' - '{error}'."],
  BadRequest: ['invalid', 'Bad {resource} request: {msg}.'],
});

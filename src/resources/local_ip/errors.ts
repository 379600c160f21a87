// What a client may be told of local IPs and the ports associated with them.
import { errorTable } from '#core/errors.ts';

export const localIpErrors = errorTable({
  LocalIPNotFound: ['notFound', 'Local IP {id} could not be found.'],
  LocalIPAssociationNotFound: ['notFound', 'Local IP {local_ip_id} association with port {port_id} could not be found.'],
  LocalIPInUse: ['conflict', 'Local IP {id} is still associated with one or more ports.'],
  LocalIPPortOrNetworkRequired: ['invalid', 'Either Port ID or Network ID must be specified for Local IP create.'],
  LocalIPNoIP: ['invalid', 'Specified Port {port_id} has no fixed IPs configured.'],
  LocalIPNoRequestedIP: ['invalid', 'Specified Port {port_id} has several IPs, should specify exact IP address to use for Local IP.'],
  LocalIPRequestedIPNotFound: ['invalid', 'Specified Port {port_id} does not have requested IP address: {ip}.'],
  BadRequest: ['invalid', 'Bad {resource} request: {msg}.'],
  PortInUse: [
    'conflict',
    'Unable to complete operation on port {port_id} for network {net_id}. Port already has an attached device {device_id}.',
  ],
  NeutronDbObjectDuplicateEntry: [
    'conflict',
    'Failed to create a duplicate {object_type}: for attribute(s) {attributes} with value(s) {values}',
  ],
});

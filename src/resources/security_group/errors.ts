// What a client may be told of security groups, their rules, and what new groups are made of.
import { errorTable } from '#core/errors.ts';

export const securityGroupErrors = errorTable({
  SecurityGroupNotFound: ['notFound', 'Security group {id} does not exist'],
  SecurityGroupInUse: ['conflict', 'Security Group {id} {reason}.'],
  SecurityGroupDefaultAlreadyExists: ['conflict', 'Default security group already exists.'],
  SecurityGroupCannotRemoveDefault: ['conflict', 'Insufficient rights for removing default security group.'],
  SecurityGroupCannotUpdateDefault: ['conflict', 'Updating default security group not allowed.'],
});

export const ruleErrors = errorTable({
  SecurityGroupRuleNotFound: ['notFound', 'Security group rule {id} does not exist'],
  SecurityGroupRuleExists: ['conflict', 'Security group rule already exists. Rule id is {rule_id}.'],
  DuplicateSecurityGroupRuleInPost: ['conflict', 'Duplicate Security Group Rule in POST.'],
  SecurityGroupNotSingleGroupRules: ['invalid', 'Only allowed to update rules for one security profile at a time'],
  SecurityGroupRulesNotSingleProject: ['invalid', 'Multiple project_ids in bulk security group rule create not allowed'],
  SecurityGroupMultipleRemoteEntites: [
    'invalid',
    'Only one of remote_ip_prefix or remote_group_id or remote_address_group_id may be provided.',
  ],
  SecurityGroupProtocolRequiredWithPorts: ['invalid', 'Must also specify protocol if port range is given.'],
  SecurityGroupInvalidPortValue: ['invalid', 'Invalid value for port {port}'],
  SecurityGroupInvalidPortRange: ['invalid', 'For TCP/UDP protocols, port_range_min must be <= port_range_max'],
  SecurityGroupInvalidIcmpValue: ['invalid', 'Invalid value for ICMP {field} ({attr}) {value}. It must be 0 to 255.'],
  SecurityGroupMissingIcmpType: ['invalid', 'ICMP code (port-range-max) {value} is provided but ICMP type (port-range-min) is missing.'],
  SecurityGroupInvalidProtocolForPort: [
    'invalid',
    'Ports cannot be specified for protocol {protocol}. Ports are only supported for {valid_port_protocols}.',
  ],
  SecurityGroupRuleInvalidProtocol: [
    'invalid',
    'Security group rule protocol {protocol} not supported. Only protocol values {values} and integer representations [0 to 255] are supported.',
  ],
  SecurityGroupRuleInvalidEtherType: [
    'invalid',
    "Security group rule for ethertype '{ethertype}' not supported. Allowed values are {values}.",
  ],
  SecurityGroupEthertypeConflictWithProtocol: ['invalid', 'Invalid ethertype {ethertype} for protocol {protocol}.'],
  SecurityGroupRuleParameterConflict: ['invalid', 'Conflicting value ethertype {ethertype} for CIDR {cidr}'],
  InvalidCIDR: ['invalid', 'Invalid CIDR {input} given as IP prefix.'],
});

export const templateErrors = errorTable({
  DefaultSecurityGroupRuleNotFound: ['notFound', 'Default Security Group rule {id} does not exist'],
  DefaultSecurityGroupRuleExists: ['conflict', 'Default Security group rule already exists. Rule id is {rule_id}.'],
});

export const statefulnessErrors = errorTable({
  SecurityGroupDefaultStatefulnessNotFound: ['notFound', 'Security group default statefulness {id} could not be found.'],
  SecurityGroupDefaultStatefulnessAlreadyExists: [
    'conflict',
    "A security group default statefulness setting already exists for project '{project_id}'.",
  ],
});

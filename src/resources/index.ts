// Every resource there is, in the order that imports may go down: a resource may import those above it, never those below. Effects in the
// other direction are its `follows`.

import { sharedPolicies } from '#core/policy-shared.ts';
import type { Served } from '#core/resource.ts';
import { serve } from '#core/resource.ts';
import { addressGroupPolicies } from './address_group/policies.ts';
import { addressGroupActions, addressGroupRules, addressGroupSharing } from './address_group/rules.ts';
import { addressGroup } from './address_group/schema.ts';
import { addressScopePolicies } from './address_scope/policies.ts';
import { addressScopeRules, scopeSharing } from './address_scope/rules.ts';
import { addressScope } from './address_scope/schema.ts';
import { agentPolicies } from './agent/policies.ts';
import { agentRules } from './agent/rules.ts';
import { agent } from './agent/schema.ts';
import type { Schedule } from './agent/served.ts';
import { topologyPolicies } from './auto_allocated_topology/policies.ts';
import { topologyRules } from './auto_allocated_topology/rules.ts';
import { topology } from './auto_allocated_topology/schema.ts';
import { zonePolicies } from './availability_zone/policies.ts';
import { availabilityZone } from './availability_zone/schema.ts';
import { conntrackHelperPolicies } from './conntrack_helper/policies.ts';
import { conntrackHelperRules } from './conntrack_helper/rules.ts';
import { conntrackHelper } from './conntrack_helper/schema.ts';
import { dhcpFollows } from './dhcp/schedule.ts';
import { dhcpSchedule } from './dhcp/steer.ts';
import { flavorActions } from './flavor/actions.ts';
import { flavorPolicies } from './flavor/policies.ts';
import { serviceProvider } from './flavor/providers.ts';
import { flavorRules, serviceProfileRules } from './flavor/rules.ts';
import { flavor, serviceProfile } from './flavor/schema.ts';
import { floatingIpFollows } from './floatingip/follows.ts';
import { portForwarding } from './floatingip/forwarding.ts';
import { portForwardingRules } from './floatingip/forwarding-rules.ts';
import { floatingIpPolicies } from './floatingip/policies.ts';
import { floatingIpPool } from './floatingip/pool.ts';
import { floatingIpQosRules } from './floatingip/qos.ts';
import { floatingIpRules } from './floatingip/rules.ts';
import { floatingIp } from './floatingip/schema.ts';
import { localIpPolicies } from './local_ip/policies.ts';
import { localIpFollows, localIpRules, portAssociationRules } from './local_ip/rules.ts';
import { localIp, portAssociation } from './local_ip/schema.ts';
import { logPolicies } from './log/policies.ts';
import { logRules } from './log/rules.ts';
import { log, loggableResource } from './log/schema.ts';
import { meteringPolicies } from './metering/policies.ts';
import { meteringLabelRuleRules } from './metering/rules.ts';
import { meteringLabel, meteringLabelRule } from './metering/schema.ts';
import { ndpProxyPolicies } from './ndp_proxy/policies.ts';
import { ndpProxyFollows, ndpProxyRules, routerNdpRules } from './ndp_proxy/rules.ts';
import { ndpProxy } from './ndp_proxy/schema.ts';
import { defaultRules } from './network/default.ts';
import { networkPolicies } from './network/policies.ts';
import { networkQosRules } from './network/qos.ts';
import { renumberRules } from './network/renumber.ts';
import { networkRules } from './network/rules.ts';
import { network } from './network/schema.ts';
import { externalRules, networkSharing } from './network/sharing.ts';
import { availabilityPolicies } from './network_ip_availability/policies.ts';
import { networkIpAvailability } from './network_ip_availability/schema.ts';
import { rangePolicies } from './network_segment_range/policies.ts';
import { rangeRules } from './network_segment_range/rules.ts';
import { networkSegmentRange } from './network_segment_range/schema.ts';
import { portPolicies } from './port/policies.ts';
import { portQosRules } from './port/qos.ts';
import { portFollows, portRules } from './port/rules.ts';
import { port } from './port/schema.ts';
import { portSecurityRules } from './port/security.ts';
import { portBindingPolicies } from './port_binding/policies.ts';
import { portBindingActions, portBindingFollows, portBindingRules } from './port_binding/rules.ts';
import { portBinding } from './port_binding/schema.ts';
import { qosPolicies } from './qos/policies.ts';
import { ruleType } from './qos/rule-types.ts';
import { ruleRules } from './qos/rules.ts';
import * as qosRules from './qos/rules-schema.ts';
import { policy } from './qos/schema.ts';
import { policySharing } from './qos/sharing.ts';
import { quotaPolicies } from './quota/policies.ts';
import { rbacPolicies } from './rbac_policy/policies.ts';
import { rbacPolicy } from './rbac_policy/schema.ts';
import { rbacRules } from './rbac_policy/sharing.ts';
import { haNetworkRules } from './router/ha.ts';
import { routerInterface } from './router/interface.ts';
import { interfaceActions } from './router/interfaces.ts';
import { routerPolicies } from './router/policies.ts';
import { routerPortFollows, routerPortRules } from './router/ports.ts';
import { routerQosRules } from './router/qos.ts';
import { routeActions } from './router/routes.ts';
import { routerRules } from './router/rules.ts';
import { routerScheduleFollows } from './router/schedule.ts';
import { router } from './router/schema.ts';
import { routerSchedule } from './router/steer.ts';
import { bringsDefaultGroup } from './security_group/default-group.ts';
import { securityGroupPolicies } from './security_group/policies.ts';
import { securityGroupRuleRules, securityGroupRules, securityGroupSharing } from './security_group/rules.ts';
import { securityGroup, securityGroupRule } from './security_group/schema.ts';
import { defaultStatefulness } from './security_group/statefulness.ts';
import { defaultSecurityGroupRule, defaultSecurityGroupRuleRules } from './security_group/template.ts';
import { segmentPolicies } from './segment/policies.ts';
import { segmentRules } from './segment/rules.ts';
import { segment } from './segment/schema.ts';
import { onboard } from './subnet/onboard.ts';
import { subnetPolicies } from './subnet/policies.ts';
import { subnetRules } from './subnet/rules.ts';
import { subnet } from './subnet/schema.ts';
import { subnetpoolActions } from './subnetpool/actions.ts';
import { subnetpoolPolicies } from './subnetpool/policies.ts';
import { subnetpoolRules } from './subnetpool/rules.ts';
import { subnetpool } from './subnetpool/schema.ts';
import { poolSharing } from './subnetpool/sharing.ts';
import { trunkPolicies } from './trunk/policies.ts';
import { trunkActions, trunkFollows, trunkRules } from './trunk/rules.ts';
import { trunk } from './trunk/schema.ts';

export const resources: readonly Served[] = [
  serve(agent, agentRules),
  serve(availabilityZone),
  serve(rbacPolicy, rbacRules),
  serve(serviceProvider),
  serve(serviceProfile, serviceProfileRules),
  serve(flavor, flavorRules, [], flavorActions),
  serve(addressScope, addressScopeRules, scopeSharing.follows),
  serve(subnetpool, subnetpoolRules, poolSharing.follows, [...subnetpoolActions, onboard]),
  serve(addressGroup, [addressGroupRules, addressGroupSharing.rules], addressGroupSharing.follows, addressGroupActions),
  serve(defaultSecurityGroupRule, defaultSecurityGroupRuleRules),
  serve(defaultStatefulness),
  serve(securityGroupRule, securityGroupRuleRules),
  serve(securityGroup, [securityGroupRules, securityGroupSharing.rules], securityGroupSharing.follows),
  serve(qosRules.bandwidthLimit, ruleRules('bandwidth_limit')),
  serve(qosRules.dscpMarking, ruleRules('dscp_marking')),
  serve(qosRules.minimumBandwidth, ruleRules('minimum_bandwidth')),
  serve(qosRules.minimumPacketRate, ruleRules('minimum_packet_rate')),
  serve(qosRules.packetRateLimit, ruleRules('packet_rate_limit')),
  serve(qosRules.aliasBandwidthLimit, ruleRules('bandwidth_limit')),
  serve(qosRules.aliasDscpMarking, ruleRules('dscp_marking')),
  serve(qosRules.aliasMinimumBandwidth, ruleRules('minimum_bandwidth')),
  serve(qosRules.aliasMinimumPacketRate, ruleRules('minimum_packet_rate')),
  serve(ruleType),
  serve(policy, policySharing.rules, policySharing.follows),
  serve(
    network,
    [networkRules, renumberRules, externalRules, defaultRules, haNetworkRules, networkQosRules, networkSharing.rules, bringsDefaultGroup()],
    networkSharing.follows,
  ),
  serve(segment, segmentRules),
  serve(networkSegmentRange, rangeRules),
  serve(subnet, subnetRules),
  serve(port, [...portRules, portSecurityRules, portQosRules, routerPortRules], [...portFollows, ...dhcpFollows]),
  serve(networkIpAvailability),
  serve(portBinding, portBindingRules, portBindingFollows, portBindingActions),
  serve(conntrackHelper, conntrackHelperRules),
  serve(
    router,
    [routerQosRules, routerRules, routerNdpRules],
    [...routerPortFollows, ...routerScheduleFollows],
    [...interfaceActions, ...routeActions],
  ),
  serve(routerInterface),
  serve(floatingIp, [floatingIpRules, floatingIpQosRules], floatingIpFollows),
  serve(portForwarding, portForwardingRules),
  serve(floatingIpPool),
  serve(ndpProxy, ndpProxyRules, ndpProxyFollows),
  serve(localIp, localIpRules, localIpFollows),
  serve(portAssociation, portAssociationRules),
  serve(trunk, trunkRules, trunkFollows, trunkActions),
  serve(meteringLabelRule, meteringLabelRuleRules),
  serve(meteringLabel),
  serve(loggableResource),
  serve(log, logRules),
  serve(topology, topologyRules),
];

/** What agents serve, each with the routes by which administrators steer it. */
export const schedules: readonly Schedule[] = [dhcpSchedule, routerSchedule];

/** Default policy rules of everything served. */
export const policies: Readonly<Record<string, string>> = {
  ...sharedPolicies,
  ...agentPolicies,
  ...zonePolicies,
  ...rbacPolicies,
  ...flavorPolicies,
  ...addressScopePolicies,
  ...subnetpoolPolicies,
  ...addressGroupPolicies,
  ...securityGroupPolicies,
  ...qosPolicies,
  ...networkPolicies,
  ...segmentPolicies,
  ...rangePolicies,
  ...subnetPolicies,
  ...portPolicies,
  ...availabilityPolicies,
  ...topologyPolicies,
  ...portBindingPolicies,
  ...localIpPolicies,
  ...routerPolicies,
  ...trunkPolicies,
  ...conntrackHelperPolicies,
  ...floatingIpPolicies,
  ...meteringPolicies,
  ...logPolicies,
  ...ndpProxyPolicies,
  ...quotaPolicies,
};

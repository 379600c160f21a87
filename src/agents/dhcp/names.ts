// How the things of a network's DHCP server are called on its host. What bears these names under our own directory is ours; the directory is
// made first and removed last, so that a namespace without one is somebody else's.
import { join } from 'node:path';
import { type Step, stepText } from '#host/steps.ts';

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Whether text is an id, and so fit to be part of a path. */
export const isId = (text: string): boolean => ID.test(text);

/** The network namespace of a network's DHCP server. */
export const namespaceName = (networkId: string): string => `qdhcp-${networkId}`;

/** The server's own end of its device: `ns-` and the first 11 characters of its port's id. */
export const innerDevice = (portId: string): string => `ns-${portId.slice(0, 11)}`;

/** What a network's dnsmasq is called on the lease bus. */
export const busName = (networkId: string): string => `isospin.n${networkId.replaceAll('-', '')}`;

/** The kinds of file that dnsmasq reads one of per port: as they come, without being told. */
export const FILE_KINDS = ['options', 'hosts', 'names'] as const;

/** The directory of all DHCP servers of a host. */
export const dhcpDirectory = (runDirectory: string): string => join(runDirectory, 'dhcp');

/** Where a network's DHCP server keeps what. */
export function serverPaths(runDirectory: string, networkId: string) {
  const directory = join(dhcpDirectory(runDirectory), networkId);
  return {
    directory,
    /** By the digest of its content: the command line of a running server tells which one it has read. */
    config: (digest: string) => join(directory, configName(digest)),
    pid: join(directory, 'pid'),
    leases: join(directory, 'leases'),
    /** Addresses that the server must forget, kept until it has. */
    pending: join(directory, 'pending'),
    /** A file as plans call it: `hosts/<port id>`. */
    file: (name: string) => join(directory, name),
  };
}

export const configName = (digest: string): string => `dnsmasq-${digest}.conf`;

/** Where the lease bus of a host has what. */
export function busPaths(runDirectory: string) {
  const directory = dhcpDirectory(runDirectory);
  return { socket: join(directory, 'bus'), config: join(directory, 'bus.conf'), pid: join(directory, 'bus.pid') };
}

/** The network that a step of a DHCP plan is about; undefined for what all share. */
export function networkOfStep(step: Step): string | undefined {
  const [, id, hex] =
    /(?:qdhcp-|\/dhcp\/)([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})|isospin\.n([0-9a-f]{32})/.exec(stepText(step)) ?? [];
  return hex === undefined ? id : hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

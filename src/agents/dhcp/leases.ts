// Keeps the DHCP servers' lease databases empty of IPv4: every lease is dropped as soon as it is given. Started once by the agent's process.
// Who has an address is said by the host files alone, so no lease ever keeps an address from its next owner; and dnsmasq, which at each new
// port compares every IPv4 lease with every port, has nothing to compare (10,000 leases: 6 s a port; none: 6 ms). An authoritative server
// renews what it does not remember. IPv6 leases stay until their port goes: clients take a forgotten one for lost.
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { leasedAddresses } from '#host/dnsmasq.ts';
import { type BusTalk, joinBus } from '#host/lease-bus.ts';
import { busName, busPaths, dhcpDirectory, isId, serverPaths } from './names.ts';

/** Milliseconds between attempts to join a bus that is not there. */
const REJOIN = 250;

/** Drops IPv4 leases as they are given, and at first those given while nobody listened, until `signal` aborts. */
export async function dropLeases(runDirectory: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    let talk: BusTalk | undefined;
    try {
      const drop = (server: string, address: string) => {
        if (!address.includes(':')) void talk?.forget(server, address).catch(() => {}); // one that is gone has no leases
      };
      talk = await joinBus(busPaths(runDirectory).socket, signal, drop);
      for (const network of await readdir(dhcpDirectory(runDirectory))) {
        if (!isId(network)) continue;
        for (const address of await readLeases(runDirectory, network)) drop(busName(network), address);
      }
      await talk.ended;
    } catch {
      talk?.close(); // no bus yet, or no more: it is the plan's to start one
    }
    await pause(REJOIN, undefined, { signal }).catch(() => {});
  }
}

/** The addresses that a network's server has leased. */
export async function readLeases(runDirectory: string, networkId: string): Promise<string[]> {
  const text = await readFile(serverPaths(runDirectory, networkId).leases, 'utf8').catch(() => '');
  return leasedAddresses(text);
}

// Throw-away hosts as the tests use them, and the instances on them.
import type { ThrowawayHost as TestHost } from '#host/throwaway.ts';

export { ping } from '#host/pings.ts';
export { endProgram, joinHosts, makeHost, programOf, type ThrowawayHost as TestHost, until } from '#host/throwaway.ts';

/** Makes an instance on a host: a namespace whose `eth0` is the other end of `device`, with MAC and addresses set. */
export async function makeInstance(
  host: TestHost,
  netns: string,
  nic: { readonly device: string; readonly mac: string; readonly addresses: readonly string[]; readonly mtu?: number },
): Promise<void> {
  if (!(await host.run(['ip', 'netns', 'list'])).split(/\s/).includes(netns)) {
    await host.run(['ip', 'netns', 'add', netns]);
    await host.run(['ip', '-n', netns, 'link', 'set', 'lo', 'up']);
    // Its link-local address is usable at once.
    await host.run(['sysctl', '-q', '-w', 'net.ipv6.conf.default.accept_dad=0', 'net.ipv6.conf.all.accept_dad=0'], netns);
  }
  await host.batch([`link add ${nic.device} type veth peer name eth0 address ${nic.mac} netns ${netns}`]);
  await host.run(['ip', '-n', netns, 'link', 'set', 'eth0', 'mtu', String(nic.mtu ?? 1500)]);
  await host.run(['ip', '-n', netns, 'link', 'set', 'eth0', 'up']);
  for (const address of nic.addresses) {
    await host.run(['ip', '-n', netns, 'addr', 'add', address, 'dev', 'eth0', ...(address.includes(':') ? ['nodad'] : [])]);
  }
}

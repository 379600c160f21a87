// Named network namespaces of this host, as iproute2 keeps them in /run/netns: which there are, and how a program is run in one.
// They are made and deleted by steps (`ip netns add NAME`), like everything else.
import { readdir } from 'node:fs/promises';

/** Where iproute2 binds the namespaces it names. */
export const NETNS_DIRECTORY = '/run/netns';

/** Names of the namespaces that exist and begin with `prefix`, sorted. */
export async function listNamespaces(prefix = ''): Promise<string[]> {
  try {
    return (await readdir(NETNS_DIRECTORY)).filter((name) => name.startsWith(prefix)).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** The argument vector that runs `argv` inside `netns`, or `argv` itself in the host's own namespace. */
export function inNamespace(netns: string | undefined, argv: readonly string[]): readonly string[] {
  return netns === undefined ? argv : ['ip', 'netns', 'exec', netns, ...argv];
}

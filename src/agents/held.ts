// The desired state that an agent holds, indexed as its rounds ask for it: by network and by device. Filled by pulls alone.
import { applyDelta, type DesiredDelta, type DesiredObject } from '#desired/objects.ts';

const NONE: ReadonlyMap<string, DesiredObject> = new Map();

/** What this host must have, as far as the agent knows. */
export interface Held {
  /** Where the last pull left off; undefined before the first. */
  readonly cursor: string | undefined;
  readonly objects: ReadonlyMap<string, DesiredObject>;
  /** Networks that have at least one object. */
  readonly networks: Iterable<string>;
  /** The objects of one network, by key. */
  ofNetwork(network: string): ReadonlyMap<string, DesiredObject>;
  /** The network whose port is wired to `device`. */
  networkOfDevice(device: string): string | undefined;
}

/** A Held and the one way to change it. */
export interface HeldStore extends Held {
  /** Takes a delta in; answers the networks that it touched, and which keys are gone. */
  take(delta: DesiredDelta): { readonly networks: ReadonlySet<string>; readonly gone: readonly string[] };
}

/** An empty Held. */
export function createHeld(): HeldStore {
  const objects = new Map<string, DesiredObject>();
  const indexed = new Map<string, DesiredObject>();
  const byNetwork = new Map<string, Map<string, DesiredObject>>();
  const byDevice = new Map<string, string>();
  let cursor: string | undefined;

  function index(key: string, object: DesiredObject | undefined, networks: Set<string>): void {
    const before = indexed.get(key);
    if (before !== undefined) {
      const network = before.value.network_id;
      networks.add(network);
      const siblings = byNetwork.get(network);
      siblings?.delete(key);
      if (siblings?.size === 0) byNetwork.delete(network);
      if (before.value.kind === 'port') byDevice.delete(before.value.device);
      indexed.delete(key);
    }
    // Objects of a kind that this agent does not know may have no network: they are held, and that is all.
    if (typeof object?.value.network_id !== 'string') return;
    const network = object.value.network_id;
    networks.add(network);
    const siblings = byNetwork.get(network);
    if (siblings === undefined) byNetwork.set(network, new Map([[key, object]]));
    else siblings.set(key, object);
    if (object.value.kind === 'port') byDevice.set(object.value.device, network);
    indexed.set(key, object);
  }

  return {
    get cursor() {
      return cursor;
    },
    objects,
    get networks() {
      return byNetwork.keys();
    },
    ofNetwork: (network) => byNetwork.get(network) ?? NONE,
    networkOfDevice: (device) => byDevice.get(device),
    take(delta) {
      const networks = new Set<string>();
      const gone: string[] = [];
      for (const key of applyDelta(objects, delta)) {
        const object = objects.get(key);
        if (object === undefined) gone.push(key);
        index(key, object, networks);
      }
      cursor = delta.cursor;
      return { networks, gone };
    },
  };
}

// Every network type there is.
import type { TypeDriver } from '../segment.ts';
import { flat } from './flat.ts';
import { local } from './local.ts';
import { geneve, gre, vxlan } from './tunnel.ts';
import { vlan } from './vlan.ts';

export const typeDrivers: ReadonlyMap<string, TypeDriver> = new Map(
  [local, flat, vlan, gre, vxlan, geneve].map((driver) => [driver.type, driver]),
);

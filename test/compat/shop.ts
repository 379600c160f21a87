// A cloud with a server that really listens, its administrator and a project `shop` with a member `ann`, each at a command line. For tests of the
// `openstack` command.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { passwordOf, startServer } from '#test/cluster/program.ts';
import { type Clients, clientsOf, has, variablesOf } from './clients.ts';
import { openShell, type Shell } from './shell.ts';

export interface Shop {
  readonly admin: Shell;
  readonly ann: Shell;
  /** Programs in Python as either of them. */
  readonly adminClients: Clients;
  readonly annClients: Clients;
  close(): Promise<void>;
}

export async function openShop(): Promise<Shop> {
  const home = mkdtempSync(join(tmpdir(), 'isospin-compat-'));
  const server = await startServer(join(home, 'state'));
  const asAdmin = variablesOf(server.url, 'admin', passwordOf(server.state), 'admin');
  const asAnn = variablesOf(server.url, 'ann', 'secret', 'shop');
  const [admin, ann] = [openShell(home, asAdmin), openShell(home, asAnn)];
  if (has('openstackclient')) {
    await admin.run('project create shop');
    await admin.run('user create ann --password secret --project shop');
    await admin.run('role add --user ann --project shop member');
  }
  return {
    admin,
    ann,
    adminClients: clientsOf(home, asAdmin),
    annClients: clientsOf(home, asAnn),
    async close() {
      await admin.end();
      await ann.end();
      await server.end();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

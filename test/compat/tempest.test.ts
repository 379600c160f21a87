// Tempest and neutron-tempest-plugin, the suites by which OpenStack judges a Networking API, on what is served: networks, subnets, ports, agents,
// quotas and extensions. They take minutes and Debian packages that nothing else needs, so they run where ISOSPIN_TEMPEST=1 asks for them.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { passwordOf, ready, start } from '#test/cluster/program.ts';
import { makeHost } from '#test/kernel/host.ts';
import { whyNoNamespaces } from '#test/machine.ts';
import { environment, python, run } from './clients.ts';

/** Why the suites do not run here. */
function obstacle(): string | undefined {
  if (process.env.ISOSPIN_TEMPEST !== '1') return 'ISOSPIN_TEMPEST=1 is not set: tempest takes minutes';
  for (const [module, from] of [
    ['tempest', 'python3-tempest'],
    ['neutron_tempest_plugin', 'neutron-tempest-plugin'],
    ['stestr', 'python3-stestr'],
  ]) {
    if (spawnSync(python, ['-c', `import ${module}`]).status !== 0) return `this machine has no ${module} (Debian's ${from})`;
  }
  return whyNoNamespaces();
}

/** Test modules whose subject is served. */
const modules = [
  String.raw`tempest\.api\.network\.(test_(networks|networks_negative|ports|extensions|extra_dhcp_options|dhcp_ipv6|versions)|admin\.test_\w+)\.`,
  String.raw`neutron_tempest_plugin\.api\.(test_(networks|networks_negative|ports|ports_negative|subnets|extensions|extra_dhcp_options|dhcp_ipv6|timestamp|revisions|extension_driver_port_security)|admin\.test_\w+)\.`,
];

/** Tests that need what is not served, without asking for its extension first. Whatever else fails is a fault. */
const beyond: readonly (readonly [why: string, tests: RegExp])[] = [
  ['routers', /router|WithL3|FloatingIP|floating_ip|test_dhcp_ipv6/i],
  ['subnet pools', /subnetpool/i],
  [
    'security groups',
    /security_group|WithSecurityGroup|PortSecTest\.test_port_sec_update_(pass|port_failed)|test_create_update_port_security|test_quotas\.QuotasTest\.test_(detail_)?quotas\b|QuotasAdminNegativeTestJSON|QuotasNegativeTest/,
  ],
];

/** What the server answers to who asks for them. A test that fails otherwise is at fault, or we are. */
const NOT_SERVED = /'HTTPNotFound', 'message': 'The resource could not be found\.'|Unrecognized attribute\(s\) 'security_groups'/;

/** Reads the suites' own record of a run: test, outcome and the last line of what went wrong. */
const REPORT = `
import json, subunit, sys, testtools
rows = []
def told(test):
    if test['status'] in ('exists', 'inprogress') or test['id'] == 'stdout':
        return
    trace = [line for name, detail in test['details'].items() if 'traceback' in name for line in detail.as_text().strip().splitlines()]
    rows.append({'name': test['id'], 'status': test['status'], 'why': trace[-1][:300] if trace else ''})
result = testtools.StreamToDict(told)
result.startTestRun()
subunit.ByteStreamToStreamResult(open(sys.argv[1], 'rb'), non_subunit_name='stdout').run(result)
result.stopTestRun()
print(json.dumps(rows))
`;

/** Debian's tempest sleeps ten seconds before every deletion of a subnet; hours, in all. */
const NO_SLEEP = `
import sys, time
sleep = time.sleep
time.sleep = lambda s: None if s == 10 and sys._getframe(1).f_code.co_filename.endswith('subnets_client.py') else sleep(s)
`;

interface Row {
  readonly name: string;
  readonly status: string;
  readonly why: string;
}

test('tempest and neutron-tempest-plugin pass on what is served', { timeout: 1_500_000 }, async (context) => {
  const why = obstacle();
  context.skip(why !== undefined, why);
  const home = mkdtempSync(join(tmpdir(), 'isospin-tempest-'));
  const host = await makeHost('node1');
  const state = join(home, 'state');
  const up = start(['up', '--state', state, '--listen', '127.0.0.1:0', '--host', 'node1'], { host });
  try {
    const url = await ready(up);
    const { network, aliases } = await askServer(host.on([]), url, passwordOf(state));
    await prepare(home, configuration({ home, url, password: passwordOf(state), network, aliases }));
    const env = {
      ...environment(home, {}),
      TEMPEST_CONFIG_DIR: join(home, 'etc'),
      PYTHON: python,
      PYTHONWARNINGS: 'ignore',
      PYTHONPATH: join(home, 'shim'),
    };
    const [file = '', ...args] = host.on([
      ...['sh', '-c', 'cd "$1" && exec stestr run --concurrency 2 --subunit "$2" >run.subunit 2>run.err', 'sh'],
      ...[home, modules.map((module) => `^${module}`).join('|')],
    ]);
    // Its status says that something failed; the record says what.
    await run(file, args, { env, maxBuffer: 64 << 20 }).catch(() => undefined);
    const report = await run(python, ['-c', REPORT, join(home, 'run.subunit')]);
    const rows = JSON.parse(report.stdout) as Row[];
    const failed = rows.filter(({ status }) => status === 'fail' || status === 'unknown');
    const excuse = ({ name, why }: Row) => (NOT_SERVED.test(why) ? beyond.find(([, tests]) => tests.test(name))?.[0] : undefined);
    const count = (status: string) => rows.filter((row) => row.status === status).length;
    console.log(`tempest: ${count('success')} passed, ${count('skip')} skipped by tempest, ${failed.length} failed`);
    for (const [reason] of beyond) console.log(`tempest: ${failed.filter((row) => excuse(row) === reason).length} of these need ${reason}`);
    expect(count('success'), readFileSync(join(home, 'run.err'), 'utf8').slice(0, 2_000)).toBeGreaterThan(150);
    expect(failed.filter((row) => excuse(row) === undefined).map(({ name, why }) => `${name}: ${why}`)).toEqual([]);
  } finally {
    await up.end();
    await host.close();
    rmSync(home, { recursive: true, force: true });
  }
});

interface Asked {
  /** A network that leads outside. */
  readonly network: string;
  readonly aliases: readonly string[];
}

/** What tempest wants to be told of a cloud; asked on the host, where the server is. */
async function askServer(onHost: readonly string[], url: string, password: string): Promise<Asked> {
  const program = `
import json, openstack
net = openstack.connect(auth_url='${url}/identity/v3', username='admin', password='${password}', project_name='admin',
                        user_domain_name='Default', project_domain_name='Default', identity_api_version='3').network
network = net.create_network(name='public', is_router_external=True)
print(json.dumps({'network': network.id, 'aliases': [extension.alias for extension in net.extensions()]}))`;
  const [file = '', ...args] = [...onHost, python, '-W', 'ignore', '-c', program];
  return JSON.parse((await run(file, args)).stdout) as Asked;
}

/** The files of a run of stestr. */
async function prepare(home: string, configured: string): Promise<void> {
  const { stdout } = await run(python, ['-c', 'import tempest; print(tempest.__file__)']);
  const suites = dirname(stdout.trim());
  for (const directory of ['etc', 'logs', 'lock', 'shim']) mkdirSync(join(home, directory));
  writeFileSync(join(home, 'etc/tempest.conf'), configured);
  writeFileSync(join(home, 'shim/sitecustomize.py'), NO_SLEEP);
  const grouped = String.raw`group_regex=([^\.]*\.)*`;
  writeFileSync(join(home, '.stestr.conf'), `[DEFAULT]\ntest_path=${suites}/test_discover\ntop_dir=${dirname(suites)}\n${grouped}\n`);
}

function configuration({ home, url, password, network, aliases }: Asked & Record<'home' | 'url' | 'password', string>): string {
  return `[DEFAULT]
log_dir = ${home}/logs
log_file = tempest.log
use_stderr = false
[oslo_concurrency]
lock_path = ${home}/lock
[auth]
use_dynamic_credentials = true
tempest_roles = member
admin_username = admin
admin_password = ${password}
admin_project_name = admin
admin_domain_name = Default
create_isolated_networks = false
[identity]
uri_v3 = ${url}/identity/v3
auth_version = v3
region = RegionOne
v3_endpoint_type = public
default_domain_id = default
[identity-feature-enabled]
api_v2 = false
api_v2_admin = false
[network]
region = RegionOne
endpoint_type = public
public_network_id = ${network}
floating_network_name = public
project_network_cidr = 10.1.0.0/16
project_network_mask_bits = 26
build_timeout = 60
[network-feature-enabled]
api_extensions = ${aliases.join(',')}
port_security = true
[service_available]
neutron = true
nova = false
glance = false
cinder = false
swift = false
horizon = false
[validation]
run_validation = false
[neutron_plugin_options]
agent_availability_zone = nova
available_type_drivers = flat,local,vxlan
max_mtu = 1500
`;
}

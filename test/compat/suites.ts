// Runs tempest and neutron-tempest-plugin, the suites by which OpenStack judges a Networking API, against an `isospin up` on a throw-away host.
// Called by tempest.test.ts, which judges what came of it.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { passwordOf, ready, start } from '#test/cluster/program.ts';
import type { TestHost } from '#test/kernel/host.ts';
import { environment, python, run, type Variables } from './clients.ts';

/** The tests that judge a Networking API. */
const SUITES = String.raw`^(tempest\.api\.network|neutron_tempest_plugin\.api)\.`;

/** A test, or the set-up of a class of tests, that ended. */
export interface Row {
  /** Without the ids and kinds that tempest writes behind the name. */
  readonly name: string;
  readonly status: 'success' | 'fail' | 'skip' | 'xfail' | 'uxsuccess' | 'unknown';
  /** Why it was skipped, or the last lines of what went wrong. */
  readonly why: string;
}

/** The file of a test: `tempest.api.network.test_networks`. */
export function fileOf(name: string): string {
  const [, file] = /^(?:\w+ \()?([\w.]+?\.test_\w+)\./.exec(name) ?? [];
  if (file === undefined) throw new Error(`${name} is no test of a file`);
  return file;
}

/** Two halves of the files, about as many tests in each: the largest file first, always into the smaller half. */
export function halvesOf(tests: readonly string[]): [string[], string[]] {
  const counts = new Map<string, number>();
  for (const test of tests) counts.set(fileOf(test), (counts.get(fileOf(test)) ?? 0) + 1);
  const halves: [string[], string[]] = [[], []];
  const sizes = [0, 0];
  for (const [file, count] of [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))) {
    const half = (sizes[0] as number) <= (sizes[1] as number) ? 0 : 1;
    halves[half].push(file);
    sizes[half] = (sizes[half] as number) + count;
  }
  return halves;
}

const ENDPOINT = '192.0.2.1';
/** A server as the suites' own jobs have it: the networks that they ask for, and limits above what they make. */
const OPTIONS: readonly string[] = [
  ...['--local-ip', ENDPOINT, '--tunnel-ids', '1:2000', '--vlan-ranges', 'foo:1:10'],
  ...['--quota', 'router:100,floatingip:500,security_group:150,security_group_rule:1000'],
];

/** Manners of the time when the suites were written, which the API has given up since: see tempest-policy.yaml. */
const MANNERS = ['--policy-file', join(import.meta.dirname, 'tempest-policy.yaml'), '--quota-check-limit', 'false'];

/**
 * Runs the tests that `choose` picks; answers what became of each. Everything is kept in the directory `home`.
 */
export async function runSuites(home: string, host: TestHost, choose: (tests: readonly string[]) => readonly string[]): Promise<Row[]> {
  const state = join(home, 'state');
  await host.run(['ip', 'addr', 'add', `${ENDPOINT}/32`, 'dev', 'lo']);
  const up = start(['up', '--state', state, '--listen', '127.0.0.1:0', '--host', 'node1', ...OPTIONS, ...MANNERS], { host });
  try {
    const url = await ready(up);
    const env = await prepare(home, { url, password: passwordOf(state), ...(await askServer(host, url, passwordOf(state))) });
    const stestr = async (command: string) => {
      const [file = '', ...args] = host.on(['sh', '-c', `cd "$1" && ${command}`, 'sh', home, SUITES]);
      return (await run(file, args, { env, maxBuffer: 64 << 20 })).stdout;
    };
    const listed = (await stestr('stestr init >&2 && stestr list "$2"')).split('\n').filter((line) => line !== '');
    writeFileSync(join(home, 'chosen'), choose(listed).join('\n'));
    // Its status says that something failed; the record says what.
    const status = await stestr('{ stestr run --concurrency 2 --load-list chosen --subunit >record 2>complaints; echo $?; }');
    const { stdout } = await run(python, ['-c', REPORT, join(home, 'record')], { maxBuffer: 64 << 20 });
    const rows = JSON.parse(stdout) as Row[];
    if (rows.length === 0)
      throw new Error(`stestr ended with ${status}: ${readFileSync(join(home, 'complaints'), 'utf8').slice(0, 2_000)}`);
    return rows.map((row) => ({ ...row, name: row.name.replace(/\[[^\]]*\]/, '') }));
  } finally {
    await up.end();
  }
}

/** Reads the suites' own record of a run. */
const REPORT = `
import json, subunit, sys, testtools
rows = []
def told(test):
    if test['status'] in ('exists', 'inprogress') or test['id'] == 'stdout':
        return
    details = test['details'].items()
    trace = [line for name, detail in details if 'traceback' in name for line in detail.as_text().strip().splitlines() if line.strip()]
    reason = [detail.as_text() for name, detail in details if name == 'reason']
    rows.append({'name': test['id'], 'status': test['status'], 'why': ' '.join(reason or trace[-3:])[:600]})
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

interface Asked {
  /** A network that leads outside. */
  readonly network: string;
  readonly aliases: readonly string[];
}

/** What tempest wants to be told of a cloud; asked on the host, where the server is. */
async function askServer(host: TestHost, url: string, password: string): Promise<Asked> {
  const program = `
import json, openstack
net = openstack.connect(auth_url='${url}/identity/v3', username='admin', password='${password}', project_name='admin',
                        user_domain_name='Default', project_domain_name='Default', identity_api_version='3').network
network = net.create_network(name='public', is_router_external=True, is_default=True)
net.create_subnet_pool(name='default', prefixes=['10.200.0.0/16'], default_prefixlen=26, is_default=True, is_shared=True)
net.create_subnet(name='public', network_id=network.id, ip_version=4, cidr='172.24.4.0/24', enable_dhcp=False)
print(json.dumps({'network': network.id, 'aliases': [extension.alias for extension in net.extensions()]}))`;
  const [file = '', ...args] = host.on([python, '-W', 'ignore', '-c', program]);
  return JSON.parse((await run(file, args)).stdout) as Asked;
}

/** The files of a run of stestr, and its variables. */
async function prepare(home: string, cloud: Asked & Record<'url' | 'password', string>): Promise<Variables> {
  const { stdout } = await run(python, ['-c', 'import tempest; print(tempest.__file__)']);
  const suites = dirname(stdout.trim());
  for (const directory of ['etc', 'logs', 'lock', 'shim']) mkdirSync(join(home, directory));
  writeFileSync(join(home, 'etc/tempest.conf'), configuration(home, cloud));
  writeFileSync(join(home, 'shim/sitecustomize.py'), NO_SLEEP);
  const grouped = String.raw`group_regex=([^\.]*\.)*`;
  writeFileSync(join(home, '.stestr.conf'), `[DEFAULT]\ntest_path=${suites}/test_discover\ntop_dir=${dirname(suites)}\n${grouped}\n`);
  return environment(home, {
    TEMPEST_CONFIG_DIR: join(home, 'etc'),
    PYTHON: python,
    PYTHONWARNINGS: 'ignore',
    PYTHONPATH: join(home, 'shim'),
    OS_TEST_TIMEOUT: '600',
  });
}

function configuration(home: string, { url, password, network, aliases }: Asked & Record<'url' | 'password', string>): string {
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
available_features = ipv6_metadata
ipv6_subnet_attributes = true
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
provider_vlans = foo,
provider_net_base_segm_id = 1
agent_availability_zone = nova
available_type_drivers = flat,vlan,local,vxlan
max_mtu = 1500
specify_floating_ip_address_available = true
create_shared_resources = true
`;
}

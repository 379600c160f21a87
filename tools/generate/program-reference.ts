// The reference pages of settings, commands and metrics, from their declarations. Three of the generators of list.ts. Pure.
import Fastify from 'fastify';
import { createMetrics, metricsRoutes } from '#api/metrics.ts';
import { usage } from '#cli/command.ts';
import { commands, programs } from '#cli/commands.ts';
import { flagOf, type Key, type Option, options, variableOf } from '#main/options.ts';
import { code, page, table } from './page.ts';

const defaultText = ({ fallback, fallbackText }: Option<unknown>): string => {
  if (fallbackText !== undefined) return fallbackText;
  if (fallback === undefined) return 'none';
  return code(typeof fallback === 'object' ? JSON.stringify(fallback) : String(fallback));
};

/** The page of settings. */
export function configurationReference(): string {
  const rows = (Object.keys(options) as Key[]).map((key) => {
    const one: Option<unknown> = options[key];
    const flag = one.secret ? '' : code(`--${flagOf(key)}${one.value ? ` ${one.value}` : ''}`);
    return [code(key), flag, one.programs.join(', '), defaultText(one), one.doc];
  });
  return page(
    'src/main/options.ts',
    'Settings',
    `One YAML file, given by \`--config FILE\` or \`ISOSPIN_CONFIG\`. Each key is also a variable, \`ISOSPIN_\` and the key in capitals
(\`${variableOf('log_level')}\`), and a flag, where one is shown; flags win over variables, variables over the file. A key that is not known stops
the start, naming the nearest one that is. A file may hold keys of several programs: each reads its own. Keys without a flag are secret or too long
for one: everybody on a machine can read a command line.`,
    `In a flag or variable, lists have commas between their items and mappings are \`NAME:VALUE,NAME:VALUE\`; flags of lists and mappings may be
repeated. \`ISOSPIN_ADMIN_PASSWORD\` is no setting: it gives the first admin of a new cloud a password.`,
    table(['Key', 'Flag', 'Of', 'Default', 'What it is'], rows),
    'An example:',
    '```yaml\nlisten: 10.0.0.5:9696\ntls_cert: /etc/isospin/cert.pem\ntls_key: /etc/isospin/key.pem\nlocal_ip: 10.0.0.5\nnetwork_types: [vxlan]\nquota: {network: 20, port: 200}\npolicy:\n  create_network: rule:admin_only\n```',
  );
}

/** The page of commands. */
export function commandReference(): string {
  const running = Object.entries(programs).map(([name, { doc }]) => [code(`isospin ${name} [OPTIONS]`), doc]);
  return page(
    'src/cli',
    'Commands',
    `\`bin/isospin COMMAND\`. Every command answers \`--help\`, and a failure is one line on standard error and a status that is not 0.`,
    '## Programs that run until they are stopped',
    table(['Program', 'What it does'], running),
    'Their options are the [settings](configuration.md).',
    '## Commands',
    ...commands.flatMap((command) => [
      `### isospin ${usage(command)}`,
      command.doc,
      table(
        ['Option', 'What it does'],
        Object.entries(command.options).map(([name, { value, doc }]) => [code(`--${name}${value ? ` ${value}` : ''}`), doc]),
      ),
    ]),
  );
}

interface Metric {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  readonly constructor: { readonly name: string };
}

/** The page of metrics. */
export function metricReference(): string {
  const metrics = createMetrics();
  metricsRoutes(Fastify(), metrics);
  const all = metrics.registry.getMetricsAsArray() as unknown as readonly Metric[];
  const own = all.filter(({ name }) => !/^isospin_(process|nodejs)_/.test(name));
  return page(
    'src/api/metrics.ts',
    'Metrics',
    '`GET /metrics` of a server answers in the Prometheus text format, without a token: let only those reach it who may.',
    table(
      ['Name', 'Type', 'Labels', 'What it counts'],
      own.map((metric) => [code(metric.name), metric.constructor.name.toLowerCase(), metric.labelNames.map(code).join(', '), metric.help]),
    ),
    'Besides these, `isospin_process_*` and `isospin_nodejs_*` tell of the process itself: processor time, memory, event loop lag, open files.',
  );
}

// How commands talk to a server, as any client of the Networking API does: a token from Keystone's API, then JSON. Which server: `--server` or the OS_*
// variables, or the server of this machine, whose admin's password lies in the state directory.
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { ConfigError, options } from '#main/config.ts';
import { readState } from '#main/state.ts';
import type { CommandOption, Given } from './command.ts';

export const serverOptions: Readonly<Record<string, CommandOption>> = {
  server: { value: 'URL', doc: 'the server to ask, with the OS_* variables to sign in' },
  state: {
    value: 'DIR',
    doc: `without it: the state directory of this machine's server, to sign in as its admin (default ${options.state.fallback})`,
  },
  ca: { value: 'FILE', doc: "authority (PEM) that signed the server's certificate (default $OS_CACERT)" },
};

export interface Client {
  readonly url: string;
  /** One call; answers the body. Throws an Error with the server's own words. */
  call<T>(method: string, path: string, body?: unknown): Promise<T>;
}

interface Login {
  readonly authUrl: string;
  /** Undefined: as the catalog says. */
  readonly url: string | undefined;
  readonly user: string;
  readonly userDomain: object;
  readonly password: string;
  readonly project: string;
  readonly projectDomain: object;
  readonly ca: Buffer | undefined;
}

/** Signs in. Throws {@link ConfigError} when it is not said how. */
export async function connect(given: Given, env: NodeJS.ProcessEnv = process.env): Promise<Client> {
  const login = loginOf(given, env);
  const body = {
    auth: {
      identity: { methods: ['password'], password: { user: { name: login.user, domain: login.userDomain, password: login.password } } },
      scope: { project: { name: login.project, domain: login.projectDomain } },
    },
  };
  const answer = await send(
    'POST',
    `${login.authUrl.replace(/\/+$/, '')}/auth/tokens`,
    { 'content-type': 'application/json' },
    body,
    login.ca,
  );
  const token = String(answer.headers['x-subject-token'] ?? '');
  if (answer.status !== 201 || token === '') throw new Error(`${login.authUrl} refused to sign in ${login.user}: ${said(answer)}`);
  const url = (login.url ?? networkUrl(answer.body)).replace(/\/+$/, '');
  return {
    url,
    async call<T>(method: string, path: string, sent?: unknown): Promise<T> {
      const got = await send(method, url + path, { 'x-auth-token': token, 'content-type': 'application/json' }, sent, login.ca);
      if (got.status >= 300) throw new Error(said(got));
      return got.body as T;
    },
  };
}

function loginOf(given: Given, env: NodeJS.ProcessEnv): Login {
  const caFile = given.text('ca') ?? (env.OS_CACERT || undefined);
  const ca = caFile === undefined ? undefined : readFileSync(caFile);
  const server = given.text('server');
  const foreign = given.text('state') === undefined && (server !== undefined || Boolean(env.OS_AUTH_URL));
  if (!foreign) {
    const { address, password } = readState(given.text('state') ?? env.ISOSPIN_STATE ?? options.state.fallback);
    if (!address.embedded) throw new ConfigError("this machine's server asks a Keystone: sign in with --server and the OS_* variables");
    const domain = { id: 'default' };
    const authUrl = `${address.url}/identity/v3`;
    return { authUrl, url: address.url, user: 'admin', userDomain: domain, password, project: 'admin', projectDomain: domain, ca };
  }
  const need = (name: string): string => {
    const value = env[name];
    if (!value) throw new ConfigError(`${name} is not set: isospin openrc prints the OS_* variables`);
    return value;
  };
  const domain = (kind: string): object => {
    const id = env[`OS_${kind}_DOMAIN_ID`];
    return id ? { id } : { name: env[`OS_${kind}_DOMAIN_NAME`] || 'Default' };
  };
  const authUrl = env.OS_AUTH_URL || `${server?.replace(/\/+$/, '')}/identity/v3`;
  return {
    authUrl: /\/v3\/?$/.test(authUrl) ? authUrl : `${authUrl.replace(/\/+$/, '')}/v3`,
    url: server,
    user: need('OS_USERNAME'),
    userDomain: domain('USER'),
    password: need('OS_PASSWORD'),
    project: need('OS_PROJECT_NAME'),
    projectDomain: domain('PROJECT'),
    ca,
  };
}

interface Catalog {
  readonly token?: {
    readonly catalog?: readonly {
      readonly type: string;
      readonly endpoints: readonly { readonly interface: string; readonly url: string }[];
    }[];
  };
}

function networkUrl(body: unknown): string {
  const service = (body as Catalog).token?.catalog?.find(({ type }) => type === 'network');
  const found = service?.endpoints.find((one) => one.interface === 'public')?.url;
  if (found === undefined) throw new Error('the catalog has no network service');
  return found;
}

interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: unknown;
}

function send(method: string, url: string, headers: Record<string, string>, body: unknown, ca: Buffer | undefined): Promise<Answer> {
  const client = url.startsWith('https:') ? https : http;
  const text = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const request = client.request(url, { method, headers, timeout: 30_000, ...(ca && { ca }) }, (response) => {
      let got = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        got += part;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: parsed(got) }));
    });
    request.on('timeout', () => request.destroy(new Error('no answer within 30 s')));
    request.on('error', (error: NodeJS.ErrnoException) => {
      const { origin } = new URL(url);
      reject(new Error(error.code === 'ECONNREFUSED' ? `no server listens at ${origin}` : `${origin}: ${error.message}`));
    });
    request.end(text);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** A refusal in the server's words. */
function said({ status, body }: Answer): string {
  const error = body as { NeutronError?: { message?: string }; error?: { message?: string } };
  return error?.NeutronError?.message ?? error?.error?.message ?? `${status} ${JSON.stringify(body).slice(0, 200)}`;
}

/** Shell text that sets the OS_* variables: `isospin openrc`. */
export function openrc(given: Given): string {
  const { address, password } = readState(given.text('state') ?? process.env.ISOSPIN_STATE ?? options.state.fallback);
  if (!address.embedded) throw new ConfigError("this machine's server asks a Keystone: its users' openrc files come from there");
  const user = given.text('user') ?? 'admin';
  const variables: Record<string, string> = {
    OS_AUTH_TYPE: 'password',
    OS_AUTH_URL: `${address.url}/identity/v3`,
    OS_IDENTITY_API_VERSION: '3',
    OS_REGION_NAME: 'RegionOne',
    OS_INTERFACE: 'public',
    OS_USERNAME: user,
    OS_USER_DOMAIN_NAME: 'Default',
    OS_PROJECT_NAME: given.text('project') ?? 'admin',
    OS_PROJECT_DOMAIN_NAME: 'Default',
    // Only the first admin's password is known here.
    ...(user === 'admin' && { OS_PASSWORD: password }),
  };
  return Object.entries(variables)
    .map(([name, value]) => `export ${name}=${quoted(value)}`)
    .join('\n');
}

const quoted = (value: string): string => (/^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`);

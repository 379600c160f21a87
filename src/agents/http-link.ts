// The server over HTTPS, as `isospin agent` sees it: four calls and one long answer that carries wakes. The host's credential is a bearer
// secret, so plain HTTP is refused unless the server is on this machine or the operator insists. Server side: src/api/agent.ts.
import http from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { DesiredDelta } from '#desired/objects.ts';
import type { Heartbeat, ServerLink } from './link.ts';

export interface HttpLinkOptions {
  /** Where the server is: `https://HOST:9696`. A path is kept. */
  readonly server: string;
  readonly host: string;
  /** From `isospin host add`. A function is asked again after the server has refused what it answered: another may have been given meanwhile. */
  readonly credential: string | (() => string);
  /** PEM of the authority that signed the server's certificate; the system's authorities when left out. */
  readonly ca?: string | Buffer;
  /** Allows plain HTTP to other machines: anyone on the way can then take the credential. */
  readonly insecure?: boolean;
  /** Milliseconds that a call may take; 30,000 when left out. */
  readonly timeout?: number;
  /** Milliseconds without a line after which a wake stream is taken for dead; 40,000 when left out (the server sends one every 15 s). */
  readonly silence?: number;
}

/** What the server answered when it was not what was asked for. */
export class ServerRefusal extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.name = 'ServerRefusal';
    this.status = status;
  }
}

/** A link to the server at `options.server`. Throws when the address is not fit for a bearer secret. */
export function httpLink(options: HttpLinkOptions): ServerLink {
  if (!/^https?:\/\/./.test(options.server) || !URL.canParse(options.server))
    throw new Error(`the server's address must begin with https:// or http://: ${options.server}`);
  const base = new URL(options.server.endsWith('/') ? options.server : `${options.server}/`);
  if (base.protocol === 'http:' && !options.insecure && !isLoopback(base.hostname)) {
    throw new Error(`${options.server} would carry the host credential in the clear: use https, or --insecure to accept that`);
  }
  const client = base.protocol === 'https:' ? https : http;
  const agent = new client.Agent({ keepAlive: true, maxSockets: 4 });
  const credential = () => (typeof options.credential === 'string' ? options.credential : options.credential());
  let secret = credential();

  function open(method: string, path: string, body: unknown, signal?: AbortSignal): Promise<http.IncomingMessage> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers = { authorization: `Bearer ${secret}`, 'x-isospin-host': options.host, accept: 'application/json' };
    return new Promise((resolve, reject) => {
      const request = client.request(new URL(path, base), {
        method,
        agent,
        headers:
          text === undefined ? headers : { ...headers, 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) },
        ...(signal === undefined ? {} : { signal }),
        ...(options.ca === undefined ? {} : { ca: options.ca }),
      });
      request.on('error', reject).on('response', (response: http.IncomingMessage) => {
        if (response.statusCode === 401) secret = credential();
        resolve(response);
      });
      request.end(text);
    });
  }

  async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await open(method, path, body, AbortSignal.timeout(options.timeout ?? 30_000));
    const text = await textOf(response);
    const status = response.statusCode ?? 0;
    if (status < 200 || status > 299)
      throw new ServerRefusal(status, `${method} ${base.origin}/${path.split('?')[0]} answered ${status}: ${excerpt(text)}`);
    if (text === '') return undefined as T;
    try {
      return JSON.parse(text) as T;
    } catch {
      throw new Error(`${method} ${base.origin}/${path.split('?')[0]} did not answer JSON: ${excerpt(text)}`);
    }
  }

  /** One wake stream, until it ends: by the server, by silence or by the signal. */
  async function follow(wake: () => void, signal: AbortSignal): Promise<void> {
    const ended = new AbortController();
    const stop = () => ended.abort();
    signal.addEventListener('abort', stop, { once: true });
    let silence = setTimeout(stop, options.silence ?? 40_000);
    try {
      const response = await open('GET', 'agent/v1/wakes', undefined, ended.signal);
      if (response.statusCode !== 200) {
        response.resume();
        throw new ServerRefusal(response.statusCode ?? 0, `the wake stream was answered ${response.statusCode}`);
      }
      wake(); // what happened while nobody listened
      let rest = '';
      response.setEncoding('utf8');
      for await (const text of response as AsyncIterable<string>) {
        clearTimeout(silence);
        silence = setTimeout(stop, options.silence ?? 40_000);
        const lines = (rest + text).split('\n');
        rest = (lines.pop() ?? '').slice(-4096);
        if (lines.some((line) => line.trim() !== '' && line.trim() !== '{}')) wake();
      }
    } finally {
      clearTimeout(silence);
      signal.removeEventListener('abort', stop);
    }
  }

  return {
    hello: (agents, startedAt) => call<Heartbeat>('POST', 'agent/v1/hello', { agents, started_at: startedAt.toISOString() }),
    heartbeat: () => call<Heartbeat>('POST', 'agent/v1/heartbeat', {}),
    pull: (cursor) => call<DesiredDelta>('GET', `agent/v1/desired${cursor === undefined ? '' : `?cursor=${encodeURIComponent(cursor)}`}`),
    report: (reports) => call<void>('POST', 'agent/v1/reports', { reports }),
    listen(wake, signal) {
      const run = async () => {
        let wait = 200;
        while (!signal.aborted) {
          const since = Date.now();
          await follow(wake, signal).catch(() => {}); // the heartbeat says that the server is away
          wait = Date.now() - since > 10_000 ? 200 : Math.min(wait * 2, 5_000);
          if (!signal.aborted) await pause(wait * (0.5 + Math.random()), undefined, { signal }).catch(() => {});
        }
        agent.destroy();
      };
      void run();
    },
  };
}

/** Whether a host name of a URL means this machine for certain. */
function isLoopback(hostname: string): boolean {
  const name = hostname.replace(/^\[|\]$/g, '');
  return name === 'localhost' || name === '::1' || (isIP(name) === 4 && name.startsWith('127.'));
}

async function textOf(response: http.IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}

function excerpt(text: string): string {
  return text.replaceAll(/\s+/g, ' ').slice(0, 200);
}

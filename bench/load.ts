// The clients of a benchmark, as a process of their own, so that they share no event loop with what they measure. Started by clients.ts, which
// sends jobs and gets what was measured. Speaks HTTP/1.1 by hand over connections that stay open: node:http would cost more than a request does.
import { type ChildProcess, spawn } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { deviceName } from '#ml2/binding.ts';
import { tokenOf } from '#test/cluster/program.ts';

/**
 * One request. With `until`, it is asked again every 2 ms until its answer holds the text so many times. With `plug`, it creates a port: as soon
 * as the answer has told its id, its device is made, and the call is over when the port is ACTIVE.
 */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly until?: { readonly text: string; readonly times: number };
  readonly plug?: true;
}

/** Requests in order, shared out among `clients`: each sends its next one when its last one was answered. */
export interface Job {
  readonly port: number;
  readonly token: string;
  readonly clients: number;
  readonly calls: readonly Call[];
  /** Whether the answers are wanted. */
  readonly keep?: boolean;
  /** Asked by one more client, over and over, until the calls are done. */
  readonly beside?: Call;
}

export interface Measured {
  readonly seconds: number;
  /** Milliseconds of each call, in the order of the calls. */
  readonly times: readonly number[];
  /** How many answers had each status. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly bodies: readonly string[];
  readonly beside: readonly number[];
  /** The first answer that was no success. */
  readonly refusal: string;
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

interface Connection {
  ask(call: Call): Promise<Answer>;
  close(): void;
}

const HEAD_END = Buffer.from('\r\n\r\n');
const LAST_CHUNK = Buffer.from('0\r\n\r\n');

const endsWith = (whole: Buffer, end: Buffer): boolean => whole.subarray(-end.length).equals(end);

async function open(port: number, token: string): Promise<Connection> {
  const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let pending: { resolve(answer: Answer): void; reject(error: Error): void } | undefined;
  let parts: Buffer[] = [];
  let size = 0;
  let needed = 0;
  /** An answer in chunks has begun, and its last one is awaited. */
  let streamed = false;
  const fail = (error: Error) => pending?.reject(error);
  socket.on('error', fail);
  socket.on('close', () => fail(new Error('the server closed the connection')));
  socket.on('data', (chunk: Buffer) => {
    parts.push(chunk);
    size += chunk.length;
    if (size < needed || (streamed && !endsWith(Buffer.concat(parts.slice(-2)), LAST_CHUNK))) return;
    const whole = parts.length === 1 ? chunk : Buffer.concat(parts);
    parts = [whole];
    const end = whole.indexOf(HEAD_END);
    if (end < 0) return;
    const head = whole.toString('latin1', 0, end);
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    const chunked = /\r\ntransfer-encoding: *chunked/i.test(head);
    if (length === undefined && !chunked && !/^HTTP\/1\.1 204/.test(head)) return fail(new Error(`an answer without a length: ${head}`));
    streamed = chunked && !endsWith(whole, LAST_CHUNK);
    needed = chunked ? 0 : end + HEAD_END.length + Number(length ?? 0);
    if (streamed || size < needed) return;
    parts = [];
    size = 0;
    needed = 0;
    pending?.resolve({ status: Number(head.slice(9, 12)), body: whole.toString('utf8', end + HEAD_END.length) });
  });
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  return {
    ask({ method, path, body }) {
      const text = body === undefined ? '' : JSON.stringify(body);
      const about = body === undefined ? '' : `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n`;
      return new Promise<Answer>((resolve, reject) => {
        pending = { resolve, reject };
        socket.write(`${method} ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nx-auth-token: ${token}\r\n${about}\r\n${text}`);
      });
    },
    close: () => socket.destroy(),
  };
}

const count = (text: string, part: string): number => text.split(part).length - 1;

/** One `ip` for all devices, so that making one costs no process. */
let ip: ChildProcess | undefined;

async function plug(connection: Connection, created: Answer): Promise<Answer> {
  const id = /"id": ?"([0-9a-f-]{36})"/.exec(created.body)?.[1] ?? '';
  ip ??= spawn('ip', ['-batch', '-'], { stdio: ['pipe', 'inherit', 'inherit'] });
  ip.stdin?.write(`tuntap add dev ${deviceName(id)} mode tap\n`);
  await carryOut(connection, { method: 'GET', path: `/v2.0/ports/${id}`, until: { text: '"status":"ACTIVE"', times: 1 } });
  return created;
}

async function carryOut(connection: Connection, call: Call): Promise<Answer> {
  for (const deadline = Date.now() + 60_000; ; ) {
    const answer = await connection.ask(call);
    if (call.until === undefined || count(answer.body, call.until.text) >= call.until.times) return answer;
    if (Date.now() > deadline)
      throw new Error(`not within a minute: ${call.until.times} × ${call.until.text} in ${call.path}: ${answer.body}`);
    await pause(2);
  }
}

async function run({ port, token, clients, calls, keep, beside }: Job): Promise<Measured> {
  const connections = await Promise.all(Array.from({ length: clients + (beside ? 1 : 0) }, () => open(port, token)));
  const times = new Array<number>(calls.length).fill(0);
  const bodies: string[] = [];
  const statuses: Record<string, number> = {};
  const others: number[] = [];
  let refusal = '';
  let next = 0;
  let left = calls.length;
  const client = async (connection: Connection) => {
    for (let at = next++; at < calls.length; at = next++) {
      const began = performance.now();
      const call = calls[at] as Call;
      const answer = await carryOut(connection, call);
      const { status, body } = call.plug && answer.status === 201 ? await plug(connection, answer) : answer;
      times[at] = performance.now() - began;
      statuses[status] = (statuses[status] ?? 0) + 1;
      if (status >= 300 && refusal === '') refusal = body;
      if (keep) bodies[at] = body;
      left--;
    }
  };
  const other = async (connection: Connection, call: Call) => {
    while (left > 0) {
      const began = performance.now();
      await connection.ask(call);
      others.push(performance.now() - began);
    }
  };
  const began = performance.now();
  const working = connections.slice(0, clients).map(client);
  const asking = beside ? [other(connections[clients] as Connection, beside)] : [];
  await Promise.all(working);
  const seconds = (performance.now() - began) / 1000;
  await Promise.all(asking);
  for (const connection of connections) connection.close();
  return { seconds, times, statuses, bodies, beside: others, refusal };
}

process.on('message', (message: Job | { readonly signIn: { readonly port: number; readonly password: string } }) => {
  const done =
    'signIn' in message
      ? tokenOf(`http://127.0.0.1:${message.signIn.port}`, message.signIn.password).then((token) => ({ token }))
      : run(message).then((measured) => ({ measured }));
  done.then(
    (answer) => process.send?.(answer),
    (error: Error) => process.send?.({ failed: error.message }),
  );
});
const end = () => {
  ip?.kill();
  process.exit();
};
process.on('disconnect', end);
process.on('SIGTERM', end);
process.send?.({ ready: true });

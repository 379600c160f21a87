// The lease bus of a host: a D-Bus daemon of our own through which the DHCP servers tell of the leases they give, and are told to drop them.
// It outlives the agent, as they do, because dnsmasq joins a bus when it starts and never again. Called by the executor and by the agent.
import { connect, type Socket } from 'node:net';
import { type BusMessage, MESSAGE, readMessage, writeMessage } from './dbus.ts';

/** dnsmasq's own names for the object that it is and for what it can be asked. */
const OBJECT = '/uk/org/thekelleys/dnsmasq';
const BUS = { destination: 'org.freedesktop.DBus', path: '/org/freedesktop/DBus', interface: 'org.freedesktop.DBus' } as const;
const CALL_LIMIT = 5_000;

/** The configuration of the bus: root alone may speak on it, and nobody is cut off for speaking much. */
export function busConfig(socket: string, pidFile: string): string {
  return [
    '<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">',
    '<busconfig>',
    '  <type>isospin</type>',
    '  <fork/>',
    `  <pidfile>${escapeXml(pidFile)}</pidfile>`,
    `  <listen>${escapeXml(busAddress(socket))}</listen>`,
    '  <auth>EXTERNAL</auth>',
    // Who may connect is a rule of the whole bus: it stands in no user's policy.
    '  <policy context="default"><deny user="*"/><allow user="root"/></policy>',
    '  <policy user="root"><allow own="*"/><allow send_type="*"/><allow receive_type="*"/></policy>',
    ...['max_completed_connections', 'max_connections_per_user'].map((name) => `  <limit name="${name}">100000</limit>`),
    '</busconfig>',
    '',
  ].join('\n');
}

/** A socket as D-Bus writes it: what is neither letter, digit nor one of `-_/.*` is escaped. */
export const busAddress = (socket: string): string =>
  `unix:path=${[...Buffer.from(socket)].map((byte) => (/[\w\-/.*]/.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : `%${byte.toString(16).padStart(2, '0')}`)).join('')}`;

const escapeXml = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** One conversation with a bus. */
export interface BusTalk {
  /** Asks DHCP server `server` to drop its lease of `address`; answers whether it had one. Throws when the server is not on the bus. */
  forget(server: string, address: string): Promise<boolean>;
  /** Resolves when the conversation is over, however it ended. */
  readonly ended: Promise<void>;
  close(): void;
}

/** Joins a bus. With `leased`, hears of every lease that a server gives: the server and the address. */
export async function joinBus(socket: string, signal: AbortSignal, leased?: (server: string, address: string) => void): Promise<BusTalk> {
  const stream = connect(socket);
  const waiting = new Map<number, { resolve(body: BusMessage['body']): void; reject(error: Error): void }>();
  let serial = 0;
  const ended = new Promise<void>((resolve) => stream.once('close', () => resolve()));
  const abort = () => stream.destroy();
  signal.addEventListener('abort', abort, { once: true });
  stream.once('close', () => {
    signal.removeEventListener('abort', abort);
    for (const { reject } of waiting.values()) reject(new Error('the lease bus has ended the conversation'));
    waiting.clear();
  });

  const call = (message: Omit<BusMessage, 'type' | 'serial'>): Promise<BusMessage['body']> =>
    new Promise((resolve, reject) => {
      const id = ++serial;
      if (stream.destroyed) return reject(new Error('the lease bus has ended the conversation'));
      const settled = () => {
        clearTimeout(timer);
        waiting.delete(id);
      };
      const answer = {
        resolve(body: BusMessage['body']) {
          settled();
          resolve(body);
        },
        reject(error: Error) {
          settled();
          reject(error);
        },
      };
      const timer = setTimeout(() => answer.reject(new Error(`no answer to ${message.member} within ${CALL_LIMIT / 1000} s`)), CALL_LIMIT);
      waiting.set(id, answer);
      stream.write(writeMessage({ ...message, type: MESSAGE.call, serial: id }));
    });

  const take = (message: BusMessage) => {
    const answer = waiting.get(message.replyTo ?? 0);
    if (message.type === MESSAGE.return) answer?.resolve(message.body);
    else if (message.type === MESSAGE.error) answer?.reject(new Error(`${message.errorName}: ${String(message.body[0] ?? '')}`));
    else if (message.type === MESSAGE.signal && (message.member === 'DhcpLeaseAdded' || message.member === 'DhcpLeaseUpdated')) {
      const [address] = message.body;
      if (typeof address === 'string' && message.interface !== undefined) leased?.(message.interface, address);
    }
  };

  await authenticate(stream);
  let bytes: Buffer = Buffer.alloc(0);
  stream.on('data', (data: Buffer) => {
    bytes = bytes.length === 0 ? data : Buffer.concat([bytes, data]);
    try {
      for (let next = readMessage(bytes); next !== undefined; next = readMessage(bytes)) {
        bytes = bytes.subarray(next.length);
        take(next.message);
      }
    } catch {
      stream.destroy(); // no message of D-Bus: whoever it is, there is nothing to say
    }
  });
  await call({ ...BUS, member: 'Hello', body: [] });
  if (leased !== undefined) {
    for (const member of ['DhcpLeaseAdded', 'DhcpLeaseUpdated']) {
      await call({ ...BUS, member: 'AddMatch', signature: 's', body: [`type='signal',path='${OBJECT}',member='${member}'`] });
    }
  }
  return {
    ended,
    close: () => void stream.end(),
    async forget(server, address) {
      const [had] = await call({
        destination: server,
        path: OBJECT,
        interface: server,
        member: 'DeleteDhcpLease',
        signature: 's',
        body: [address],
      });
      return had === true;
    },
  };
}

/** Drops leases of one server, whoever holds them. Throws when the bus or the server is away. */
export async function forgetLeases(socket: string, server: string, addresses: readonly string[], signal: AbortSignal): Promise<void> {
  const talk = await joinBus(socket, signal);
  try {
    for (const address of addresses) await talk.forget(server, address);
  } catch (error) {
    throw new Error(`${server} does not drop its leases: ${(error as Error).message}`);
  } finally {
    talk.close();
  }
}

/** Says who we are, as the kernel can confirm, and waits for the word that messages may begin. */
function authenticate(stream: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      stream.destroy();
      reject(new Error(`cannot join the lease bus: ${error.message}`));
    };
    stream.once('error', fail);
    stream.once('close', () => fail(new Error('it hung up')));
    stream.once('connect', () => stream.write(`\0AUTH EXTERNAL ${Buffer.from(String(process.getuid?.() ?? 0)).toString('hex')}\r\n`));
    stream.once('data', (data: Buffer) => {
      if (!data.toString('latin1').startsWith('OK ')) return fail(new Error(data.toString('latin1').trim()));
      stream.off('error', fail);
      stream.on('error', () => {}); // 'close' follows, and ends every call
      stream.write('BEGIN\r\n');
      resolve();
    });
  });
}

// What an operator of `isospin agent` reads on standard error: one line when the server is lost or refuses this host, one when it is back. The log has
// the details. An agent never ends by itself for it: the data plane goes on, and the agent with it as soon as the server allows.
import { ServerRefusal } from '#agents/http-link.ts';
import type { ServerLink } from '#agents/link.ts';

/** Who a host is and whom it asks, for the lines. */
export interface Place {
  readonly server: string;
  readonly host: string;
  readonly credential: string;
}

/** The same link, whose troubles are told to `say`: each kind once, until it changes. */
export function announced(link: ServerLink, place: Place, say: (line: string) => void): ServerLink {
  let trouble = '';
  async function watched<T>(call: Promise<T>): Promise<T> {
    try {
      const answer = await call;
      if (trouble !== '') say(`${place.server} is back`);
      trouble = '';
      return answer;
    } catch (error) {
      const [kind, line] = explain(error as NodeJS.ErrnoException, place);
      if (trouble !== kind) say(line);
      trouble = kind;
      throw error;
    }
  }
  return {
    hello: (agents, startedAt) => watched(link.hello(agents, startedAt)),
    heartbeat: () => watched(link.heartbeat()),
    pull: (cursor) => watched(link.pull(cursor)),
    report: link.report,
    listen: link.listen,
  };
}

/** The kind of a trouble, and what to say of it. */
function explain(error: NodeJS.ErrnoException, { server, host, credential }: Place): readonly [kind: string, line: string] {
  if (error instanceof ServerRefusal && error.status === 401) {
    const way = `\`isospin host add ${host}\` at the server makes one, and ${credential} is read again`;
    return ['refused', `${server} refuses the credential of host ${host}: ${way}`];
  }
  if (error instanceof ServerRefusal && error.status < 500) return ['answer', `${server} refuses host ${host}: ${error.message}`];
  const { code = '', message } = error;
  const why = message || code;
  if (/CERT|TLS|SSL|EPROTO|SIGNATURE/.test(code)) return ['tls', `${server} is not trusted (${why}): check --server and --ca`];
  const known = code === 'ECONNREFUSED' ? 'nothing listens there' : why.split('\n')[0];
  return ['away', `${server} cannot be reached: ${known}; this host keeps what it has, and tries again`];
}

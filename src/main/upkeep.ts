// What a running server does by itself every now and then about what agents serve: networks and routers without an agent get one, and the networks
// of hosts that are dead for good go to others. Started by cloud.ts.
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Pipeline } from '#core/pipeline.ts';
import type { Write } from '#resources/agent/upkeep.ts';
import { failOver, fillDhcp } from '#resources/dhcp/upkeep.ts';
import { fillRouters } from '#resources/router/upkeep.ts';

export interface Upkeep {
  /** Resolves when nothing is under way any more. */
  stop(): Promise<void>;
}

export function keepScheduled(pipeline: Pipeline, log: Logger): Upkeep {
  const { store, settings } = pipeline.parts;
  // Dead is who was silent for agentDownTime; nobody acts on it before as much time again has passed.
  const grace = settings.agentDownTime;
  const every = grace * 500;
  let last = Number.NEGATIVE_INFINITY;
  const write: Write = (work) =>
    pipeline.write(
      {
        actor: { userId: 'system', userName: 'system', projectId: '', projectName: '', domainId: '', roles: ['admin'] },
        requestId: `req-${randomUUID()}`,
      },
      work,
    );

  async function round(): Promise<void> {
    const now = Date.now();
    // After a pause of this server or its database, hosts that live look dead until they have been heard.
    const steady = now - last < 3 * every;
    last = Number.NEGATIVE_INFINITY;
    try {
      await fillDhcp(store.read, write);
      await fillRouters(store.read, write);
      if (steady) await failOver(store.read, write, grace);
      last = now;
    } catch (err) {
      log.warn({ err }, 'networks and routers could not be given to other agents');
    }
  }

  let running = Promise.resolve();
  const timer = setInterval(() => {
    running = running.then(round);
  }, every);
  timer.unref();
  return {
    stop() {
      clearInterval(timer);
      return running;
    },
  };
}

// What agents of a kind serve, as the routes need it by which administrators see and steer that. Declared by each schedule, collected in
// resources/index.ts, made into routes by api/agent-schedulers.ts.
import type { JsonSchema, Row } from '#core/attributes.ts';
import type { Context } from '#core/context.ts';
import type { Resource } from '#core/resource.ts';
import type { StoredRow } from '#core/sql.ts';
import type { Reader } from '#store/store.ts';
import type { agent } from './schema.ts';

export interface Schedule {
  readonly agentType: string;
  readonly resource: Resource;
  /** Names it below an agent, with an s, and in its policy rules: `dhcp-network`. */
  readonly name: string;
  /** Names its agents below it, and in their policy rule: `dhcp-agents`. */
  readonly agents: string;
  /** SQL: the ids of what a host (`?`) serves. */
  readonly served: string;
  /** SQL: the hosts that serve one (`?`). */
  readonly serving: string;
  assign(context: Context, server: Row<(typeof agent)['attributes']>, id: string): Promise<void>;
  withdraw(context: Context, server: Row<(typeof agent)['attributes']>, id: string): Promise<void>;
  /** What else agents are to one of what they serve, beside being agents. */
  readonly detail?: {
    readonly properties: JsonSchema;
    /** Tells it of agents, as rows of one's list. */
    of(read: Reader, id: string, servers: readonly StoredRow[]): Promise<StoredRow[]>;
  };
}

// The zones of what agents serve: which ones were asked for, and in which ones it is. Spread into networks and routers.
import { t } from '#core/attributes.ts';
import { zoneHints } from '#core/validate.ts';
import type { Dialect } from '#store/store.ts';

const list = { type: 'array', items: { type: 'string' } };

/** `agents` is SQL: FROM and WHERE of the agents `a` that serve the row `r`. */
export const zones = (extension: string, agents: string) => ({
  availability_zone_hints: t
    .json<string[]>('Zones that it should be served in; chosen freely when empty.', list, zoneHints)
    .default([])
    .extension(extension),
  availability_zones: t
    .json<string[]>('Zones that it is served in.', list)
    .readOnly()
    .derived((d: Dialect) => `(SELECT ${d.jsonArray('DISTINCT a.availability_zone')} FROM ${agents} AND a.availability_zone IS NOT NULL)`)
    .extension(extension),
});

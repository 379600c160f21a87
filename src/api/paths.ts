// Where each resource is served. Used for its routes and by whoever describes them.

import type { Attributes } from '#core/attributes.ts';
import type { Registry } from '#core/registry.ts';
import type { Action, Resource } from '#core/resource.ts';

/**
 * The paths of a resource's collection, the usual one first. Names have dashes or underscores and a prefix or none, as the client likes;
 * of a nested resource `:parent` is the item it belongs to.
 */
export function pathsOf(resource: Resource, registry: Registry): string[] {
  const { collection, prefix, parent } = resource;
  const spellings = [...new Set([collection, collection.replaceAll('_', '-')])];
  const of = parent && registry.byName(parent.resource);
  if (of) return pathsOf(of, registry).flatMap((path) => spellings.map((one) => `${path}/:parent/${one}`));
  return [...(prefix === undefined ? [] : spellings.map((one) => `/v2.0/${prefix}/${one}`)), ...spellings.map((one) => `/v2.0/${one}`)];
}

/** The usual path of a resource's collection, its parent's item named by the attribute: `/v2.0/floatingips/{floatingip_id}/port_forwardings`. */
export const usualPath = (resource: Resource, registry: Registry): string =>
  (pathsOf(resource, registry)[0] as string).replace(':parent', `{${resource.parent?.field}}`);

/** The usual path of its items. */
export const itemPath = (resource: Resource, registry: Registry): string => `${usualPath(resource, registry)}/{${resource.item}}`;

/** Where an action is, below the path of an item. */
export const actionPath = (path: string, { name, about }: Action<Attributes>, written = ':about'): string =>
  `${path}/${name}${about ? `/${written}` : ''}`;

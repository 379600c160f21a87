// All resources that are served, in the order that imports may go down, with what the engine derives from the whole list: who refers to
// whom, who follows whom, and each one's statements.
import type { Attributes } from './attributes.ts';
import { type Action, type Field, type Follow, type Resource, type Rules, type Served, together } from './resource.ts';
import { type Statements, statements } from './sql.ts';

export interface Reference {
  readonly from: Resource;
  readonly field: Field;
}

export interface Registry {
  readonly all: readonly Resource[];
  byName(name: string): Resource | undefined;
  rules(resource: Resource): Rules<Attributes>;
  statements(resource: Resource): Statements;
  /** Who refers to rows of this resource, the last declared first: what depends most goes first. */
  references(resource: Resource): readonly Reference[];
  follows(resource: Resource): readonly Follow<Attributes>[];
  actions(resource: Resource): readonly Action<Attributes>[];
}

/** `also` are follows that belong to no resource: of projections, which come after all of them. */
export function registry(served: readonly Served[], also: readonly Follow<Attributes>[] = []): Registry {
  const byName = new Map(served.map((one) => [one.resource.name, one]));
  const references = new Map<string, Reference[]>();
  const follows = new Map<string, Follow<Attributes>[]>();
  const rules = new Map(served.map((one) => [one.resource.name, together(one.rules)]));
  const texts = new Map(served.map((one) => [one.resource.name, statements(one.resource)]));
  for (const { resource, follows: mine } of served) {
    for (const field of resource.fields) {
      if (field.ref) references.set(field.ref.resource, [{ from: resource, field }, ...(references.get(field.ref.resource) ?? [])]);
    }
    for (const follow of mine) follows.set(follow.resource.name, [...(follows.get(follow.resource.name) ?? []), follow]);
  }
  for (const follow of also) follows.set(follow.resource.name, [...(follows.get(follow.resource.name) ?? []), follow]);
  const need = (resource: Resource): Served => {
    const found = byName.get(resource.name);
    if (!found) throw new Error(`resource ${resource.name} is not served`);
    return found;
  };
  return {
    all: served.map((one) => one.resource),
    byName: (name) => byName.get(name)?.resource,
    rules: (resource) => rules.get(need(resource).resource.name) as Rules<Attributes>,
    statements: (resource) => texts.get(resource.name) as Statements,
    references: (resource) => references.get(resource.name) ?? [],
    follows: (resource) => follows.get(resource.name) ?? [],
    actions: (resource) => byName.get(resource.name)?.actions ?? [],
  };
}

// What setting packs/port-plugging.ts means: the profile repeats whether a port is trusted, and what placed the instance stays while it is there.
import type { RulesOf } from '#core/resource.ts';
import { isBound } from './binding.ts';
import { portErrors } from './errors.ts';
import type { port } from './schema.ts';

type Profile = Readonly<Record<string, unknown>>;

/** What a profile alone says, as clients set it that do not know the attribute. */
const trustedIn = ({ trusted }: Profile): boolean | undefined => (typeof trusted === 'boolean' ? trusted : undefined);

/** A profile that says whether the port is trusted, if anybody said. */
export const withTrust = (profile: Profile, trusted: boolean | null): Record<string, unknown> =>
  trusted === null ? { ...profile } : { ...profile, trusted };

export const pluggingRules: RulesOf<typeof port> = {
  async create(_, draft, input) {
    draft.trusted = input.trusted ?? trustedIn(draft['binding:profile']) ?? null;
    draft['binding:profile'] = withTrust(draft['binding:profile'], draft.trusted);
  },
  async update(_, before, changes) {
    const { numa_affinity_policy, 'binding:profile': profile } = changes;
    if (numa_affinity_policy !== undefined && isBound(before)) {
      throw portErrors.PortBoundNUMAAffinityPolicy({
        port_id: before.id,
        host_id: before['binding:host_id'],
        numa_affinity_policy: String(numa_affinity_policy),
      });
    }
    if (changes.trusted === undefined && profile === undefined) return;
    const trusted = changes.trusted ?? trustedIn(profile ?? {}) ?? before.trusted;
    if (trusted === null) return;
    changes.trusted = trusted;
    changes['binding:profile'] = withTrust(profile ?? before['binding:profile'], trusted);
  },
};

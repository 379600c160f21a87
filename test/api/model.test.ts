// Random sequences of calls by several people, against a small model of what must come of them (model.ts): the server and the model never disagree.
// ISOSPIN_MODEL_RUNS runs as many sequences as it says, each time others.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { engines } from '#test/postgres.ts';
import { type Cloud, openCloud } from './cloud.ts';
import { LIMITS, Model } from './model.ts';
import { beginning, commands, type Real } from './model-commands.ts';

const wished = process.env.ISOSPIN_MODEL_RUNS;
const parameters = wished ? { numRuns: Number(wished) } : { numRuns: 25, seed: 3 };

describe.each(engines())('a model of $name', (engine) => {
  let cloud: Cloud;
  beforeAll(async () => {
    cloud = await openCloud(engine, { settings: { quota: { ...LIMITS, rbac_policy: -1 } } });
  });
  afterAll(() => cloud.close());

  /** People in projects of their own, so that no sequence finds what another one left; the administrator's are no one else's either. */
  async function fresh(): Promise<{ readonly model: Model; readonly real: Real }> {
    const member = await cloud.person('member');
    const people = {
      member,
      reader: await cloud.person('reader', member.projectId),
      stranger: await cloud.person('member'),
      admin: await cloud.person('admin'),
    };
    const [model, real] = [new Model(), { cloud, people }];
    for (const command of beginning) await command.run(model, real);
    return { model, real };
  }

  test('agrees, whatever is asked of it', { timeout: wished ? 0 : 60_000 }, async () => {
    const sequences = fc.commands([...commands], { maxCommands: 60, size: 'max' });
    await fc.assert(
      fc.asyncProperty(sequences, async (sequence) => {
        const state = await fresh();
        await fc.asyncModelRun(() => state, sequence);
      }),
      { ...parameters, endOnFailure: false },
    );
  });
});

// A taken name as the 409 that names it. The store's constraint is what decides; nobody looks beforehand.
import { duplicate } from '#identity/errors.ts';
import { ConstraintViolation } from '#store/store.ts';

/** Runs `work`; where a unique constraint refused it, throws the 409 for this noun and name. */
export async function unlessTaken<T>(noun: string, name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ConstraintViolation && error.kind === 'unique') throw duplicate(noun, name);
    throw error;
  }
}

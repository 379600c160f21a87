// What every answered error must be like, whichever test asks. Called by cloud.ts for each answer.
import { declaredErrors, statusOf } from '#core/errors.ts';

/** A declared text with its placeholders as anything. */
export const textOf = (message: string): RegExp =>
  new RegExp(`^${message.replaceAll(/[.*+?^$()|[\]\\]/g, '\\$&').replaceAll(/\{\w+\}/g, '[^]*')}$`);

/** Throws when an answer's error is not what is declared of its type. */
export function checkRefusal(status: number, body: unknown): void {
  const error = (body as { readonly NeutronError?: { readonly type: string; readonly message: string } } | undefined)?.NeutronError;
  if (error === undefined) return;
  const declared = declaredErrors.get(error.type);
  if (declared && statusOf[declared.kind] === status && textOf(declared.message).test(error.message)) return;
  throw new Error(`${status} ${error.type} ${JSON.stringify(error.message)} is not as declared: ${JSON.stringify(declared)}`);
}

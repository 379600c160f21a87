// The closed set of error kinds, and the one class that carries them. Each resource declares its own errors in a table
// (wire name, message, kind) with `errorTable`; nothing else reaches a client. Wire names and texts are those clients of the
// Networking API match on.

/** Kind → HTTP status. The list is closed: a new kind is a design decision. */
export const statusOf = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  notFound: 404,
  methodNotAllowed: 405,
  conflict: 409,
  overQuota: 409,
  preconditionFailed: 412,
  tooLarge: 413,
  bug: 500,
  /** What the API calls an error of the server, though its client may mend it. */
  failed: 500,
  notImplemented: 501,
  unavailable: 503,
} as const;
export type ErrorKind = keyof typeof statusOf;

/** An error a client may see. `message` is public; `cause` is for the log alone. */
export class ApiError extends Error {
  readonly kind: ErrorKind;
  /** The wire name, for example `NetworkNotFound`. */
  readonly type: string;
  constructor(kind: ErrorKind, type: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.kind = kind;
    this.type = type;
  }
  override get name(): string {
    return this.type;
  }
  get status(): number {
    return statusOf[this.kind];
  }
}

type Raise<Message extends string> = (params: Record<Placeholders<Message>, string | number>, cause?: unknown) => ApiError;
type Placeholders<M extends string> = M extends `${string}{${infer Name}}${infer Rest}` ? Name | Placeholders<Rest> : never;

/** Every error type that was declared, for the reference pages and the guard tests. */
export const declaredErrors = new Map<string, { kind: ErrorKind; message: string }>();

/**
 * Declares errors: `errorTable({ NetworkNotFound: ['notFound', 'Network {net_id} could not be found.'] })` gives
 * `errors.NetworkNotFound({ net_id })`, which answers an ApiError to throw. Placeholders are checked by the compiler.
 */
export function errorTable<const T extends Record<string, readonly [ErrorKind, string]>>(table: T): { [K in keyof T]: Raise<T[K][1]> } {
  const raise: Record<string, unknown> = {};
  for (const [type, [kind, message]] of Object.entries(table)) {
    declaredErrors.set(type, { kind, message });
    raise[type] = (params: Record<string, string | number>, cause?: unknown) =>
      new ApiError(
        kind,
        type,
        message.replace(/\{(\w+)\}/g, (_, name: string) => String(params[name])),
        cause,
      );
  }
  return raise as { [K in keyof T]: Raise<T[K][1]> };
}

/** What is said of a thing that is not there where the API has no better word. */
export const { HTTPNotFound } = errorTable({ HTTPNotFound: ['notFound', 'The resource could not be found.'] });

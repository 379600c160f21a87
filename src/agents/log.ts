// The part of a pino logger that agents use.

type Write = (details: object, message: string) => void;

/** Where agents say what they do. */
export interface Log {
  readonly debug: Write;
  readonly info: Write;
  readonly warn: Write;
  readonly error: Write;
}

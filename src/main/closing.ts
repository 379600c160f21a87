// The end of an HTTP server: what was asked completely is answered, for as long as that takes within reason; a connection that says nothing more, or
// only half of a request, is let go after a second. Used by cloud.ts.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';

/** Milliseconds for requests to arrive completely. */
const HALF = 1_000;
/** Milliseconds for answers. */
const LONGEST = 15_000;

/** Follows a server's requests from its start. The answer is called when it closes; what it answers, when it has closed. */
export function closable(server: Server): () => () => void {
  const asked = new Map<ServerResponse, IncomingMessage>();
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    asked.set(response, request);
    response.once('close', () => asked.delete(response));
  });
  // A stream that has been ended is answered, whether or not anybody reads it.
  const busy = () => [...asked].some(([response, request]) => request.complete && !response.writableEnded);
  return () => {
    const since = Date.now();
    const timer = setInterval(() => {
      server.closeIdleConnections();
      const waited = Date.now() - since;
      if (waited > LONGEST || (waited > HALF && !busy())) server.closeAllConnections();
    }, 50);
    return () => clearInterval(timer);
  };
}

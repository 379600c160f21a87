// Who is calling, as every later step sees it. Made by an Identity from a token; never built from request data.

export interface Actor {
  readonly userId: string;
  readonly userName: string;
  /** '' for a token that is scoped to a domain, to the system or to nothing. */
  readonly projectId: string;
  readonly projectName: string;
  /** The domain a token is scoped to; '' for every other token. */
  readonly domainId: string;
  /** 'all' for a token that is scoped to the system; undefined for every other one. */
  readonly systemScope?: 'all';
  /** With implied roles already added: admin brings manager, member and reader; manager brings member and reader; member brings reader. */
  readonly roles: readonly string[];
}

/**
 * The seam between the Networking API and whoever knows the users: the embedded identity or a real Keystone.
 * `authenticate` answers undefined for a token that is unknown, expired or revoked, and throws when it cannot know (StoreUnavailable, or an
 * ApiError of kind `unavailable`). It is called for every request, so implementations cache; the same Actor object is answered for the same token as
 * long as nothing changed, so that what is derived from it can be kept in a WeakMap.
 */
export interface Identity {
  authenticate(token: string): Promise<Actor | undefined> | Actor | undefined;
  /** Value of the `WWW-Authenticate` header of a 401: where tokens are to be had. `origin` is the address the client reached us by. */
  challenge(origin: string): string;
}

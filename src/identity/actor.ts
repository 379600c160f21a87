// Who is calling, as every later step sees it. Made by an Identity from a token; never built from request data.

export interface Actor {
  readonly userId: string;
  readonly userName: string;
  /** '' for a domain-scoped or unscoped token. */
  readonly projectId: string;
  readonly projectName: string;
  readonly domainId: string;
  /** With implied roles already added: admin brings manager, member and reader; manager brings member and reader; member brings reader. */
  readonly roles: readonly string[];
}

/**
 * The seam between the Networking API and whoever knows the users: the embedded identity or a real Keystone.
 * `authenticate` answers undefined for a token that is unknown, expired or revoked, and throws `Unavailable` when it cannot know.
 * It is called for every request, so implementations cache.
 */
export interface Identity {
  authenticate(token: string): Promise<Actor | undefined> | Actor | undefined;
}

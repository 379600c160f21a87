// One call of the API as a user's script would make it: signed in with the variables that `isospin openrc` prints. Arguments: METHOD PATH [BODY];
// prints the answer's body. Run by up.test.ts on a throw-away host.
const { OS_AUTH_URL, OS_USERNAME, OS_USER_DOMAIN_NAME, OS_PASSWORD, OS_PROJECT_NAME, OS_PROJECT_DOMAIN_NAME, OS_INTERFACE } = process.env;
const [method = 'GET', path = '', body] = process.argv.slice(2);
const json = { 'content-type': 'application/json' };

interface Endpoint {
  readonly interface: string;
  readonly url: string;
}
interface Signed {
  readonly token: { readonly catalog: readonly { readonly type: string; readonly endpoints: readonly Endpoint[] }[] };
}

const user = { name: OS_USERNAME, domain: { name: OS_USER_DOMAIN_NAME }, password: OS_PASSWORD };
const scope = { project: { name: OS_PROJECT_NAME, domain: { name: OS_PROJECT_DOMAIN_NAME } } };
const login = { auth: { identity: { methods: ['password'], password: { user } }, scope } };
const signed = await fetch(`${OS_AUTH_URL}/auth/tokens`, { method: 'POST', headers: json, body: JSON.stringify(login) });
const { token } = (await signed.json()) as Signed;
const network = token.catalog.find(({ type }) => type === 'network')?.endpoints.find((one) => one.interface === OS_INTERFACE);
const headers = { ...json, 'x-auth-token': signed.headers.get('x-subject-token') ?? '' };
const answer = await fetch(`${network?.url}/v2.0${path}`, { method, headers, ...(body !== undefined && { body }) });
process.stdout.write(await answer.text());
process.exitCode = answer.ok ? 0 : 1;

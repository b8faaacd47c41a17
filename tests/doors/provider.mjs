// A real OpenID provider (oidc-provider, certified) for the tests: everybody is who they say they are.
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const { packages, port, back, client, secret } = JSON.parse(process.argv[2]);
const { default: Provider } = await import(
  pathToFileURL(join(packages, "oidc-provider", "lib", "index.js")).href
);
const issuer = `http://127.0.0.1:${port}`;
const provider = new Provider(issuer, {
  clients: [{ client_id: client, client_secret: secret, redirect_uris: [back], response_types: ["code"] }],
  claims: { openid: ["sub"], profile: ["preferred_username"], email: ["email", "email_verified"] },
  cookies: { keys: ["for tests"] },
  pkce: { required: () => true },
  findAccount: (_ctx, id) => ({
    accountId: id,
    claims: () => ({ sub: `s-${id}`, preferred_username: id, email: `${id}@cy.example`, email_verified: id !== "li" }),
  }),
});
provider.listen(port, "127.0.0.1", () => console.log("listening"));

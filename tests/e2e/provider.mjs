// A provider of identity for tests: the certified `oidc-provider`, with its own storage in memory,
// and a sign-in page with nothing on it but a name and how the person proves it.

import { createServer } from 'node:http';
import { generateKeyPairSync } from 'node:crypto';
import { request as requestOverTls } from 'node:https';

import Oidc from 'oidc-provider';

/** A signature key that only this provider has. */
export const newKey = (kid) => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { ...privateKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' };
};

const PAGE = (uid) => `<!doctype html><title>Provider</title><form method="post" action="/sign-in/${uid}">
<label>Account <input name="account"></label>
<label>Proof <select name="amr"><option>pwd</option><option>pwd otp</option><option>phr</option></select></label>
<button>Go on</button></form>
<form method="post" action="/sign-in/${uid}"><button name="no" value="1">Never mind</button></form>`;

/** `fetch` that trusts one authority: how the provider tells the console that a session is over. */
const fetchTrusting = (ca) => (url, { method = 'GET', headers = {}, body } = {}) => new Promise((resolve, reject) => {
  const sent = requestOverTls(url, { method, headers: Object.fromEntries(new Headers(headers)), ca, agent: false }, (answer) => {
    const parts = [];
    answer.on('data', (part) => parts.push(part));
    answer.on('end', () => resolve(new Response(Buffer.concat(parts), { status: answer.statusCode })));
  });
  sent.on('error', reject);
  sent.end(body === undefined ? undefined : String(body));
});

/** Starts a provider on a port of the loopback address. */
export async function startProvider({ port, client, groups, ca }) {
  const issuer = `http://localhost:${port}`;
  const told = [];
  let oidc;
  let answer;

  /** The same provider, its sessions kept, with these keys alone. */
  const use = (keys) => {
    oidc = new Oidc(issuer, {
      jwks: { keys },
      clients: [client],
      cookies: { keys: ['a-key-for-cookies-of-a-test'] },
      features: {
        devInteractions: { enabled: false },
        backchannelLogout: { enabled: true },
        rpInitiatedLogout: { enabled: true },
      },
      acrValues: ['phr'],
      claims: { openid: ['sub', 'acr', 'amr', 'auth_time', 'sid', 'groups'] },
      conformIdTokenClaims: false,
      clientBasedCORS: () => false,
      interactions: { url: (_, { uid }) => `/sign-in/${uid}` },
      fetch: fetchTrusting(ca()),
      findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, groups: groups(id) }) }),
      // The client is the hospital's own: nobody is asked whether it may know them.
      loadExistingGrant: async (ctx) => {
        const grant = new ctx.oidc.provider.Grant({
          clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId,
        });
        grant.addOIDCScope('openid profile');
        await grant.save();
        return grant;
      },
    });
    for (const event of ['backchannel.success', 'backchannel.error']) {
      oidc.on(event, (_, error) => told.push(event === 'backchannel.success' ? event : `${event}: ${error.message}`));
    }
    oidc.on('server_error', (_, error) => told.push(`server_error: ${error.stack}`));
    answer = oidc.callback();
  };

  const signIn = async (request, response, uid) => {
    if (request.method === 'GET') {
      response.setHeader('content-type', 'text/html');
      response.end(PAGE(uid));
      return;
    }
    const parts = [];
    for await (const part of request) parts.push(part);
    const form = new URLSearchParams(Buffer.concat(parts).toString());
    const result = form.has('no')
      ? { error: 'access_denied', error_description: 'the person went away' }
      : { login: { accountId: form.get('account'), amr: form.get('amr').split(' '), ...(form.get('amr') === 'phr' && { acr: 'phr' }) } };
    await oidc.interactionFinished(request, response, result);
  };

  const server = createServer((request, response) => {
    const [, uid] = /^\/sign-in\/([\w-]+)$/.exec(request.url) ?? [];
    if (uid === undefined) {
      answer(request, response);
      return;
    }
    signIn(request, response, uid).catch((error) => {
      told.push(`sign-in: ${error.message}`);
      response.statusCode = 500;
      response.end();
    });
  });
  use([newKey('first')]);
  await new Promise((resolve) => { server.listen(port, '127.0.0.1', resolve); });
  return {
    issuer,
    told,
    use,
    stop: () => new Promise((resolve) => { server.closeAllConnections(); server.close(resolve); }),
  };
}

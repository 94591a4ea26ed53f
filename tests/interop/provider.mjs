// Many OpenID providers in one process, each made of the npm package oidc-provider, for the tests in this folder.
//
//   PUT  /admin/NAME        make the provider NAME, or replace it and keep its state; the body is its settings (see `configured`)
//   GET  /admin/NAME/log    what it did: grants, revocations, errors
//   POST /admin/NAME/forget drop what it keeps of one kind: {"kind": "AccessToken"}
//   POST /admin/NAME/ciba   what the person says to the pending CIBA request: {"say": "yes"} or {"say": "no"}
//
// The provider's issuer is http://127.0.0.1:PORT/NAME; https is for mutual TLS alone, with certificates from the
// environment. Nobody has a password: the interaction page signs in whoever is typed. It ends when its stdin does.
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { readFileSync } from 'node:fs';
import process from 'node:process';

console.info = console.warn = console.log = console.error; // stdout is for the address alone
const { Provider, errors } = await import('oidc-provider');

const PEOPLE = {
  ada: { name: 'Ada Ferreira', given_name: 'Ada', email: 'ada@example.com', email_verified: true, phone_number: '+1 555 0100' },
  bo: { name: 'Bo Lindqvist', given_name: 'Bo', email: 'bo@example.com', email_verified: false, phone_number: '+1 555 0101' },
};
const EVENTS = [
  'grant.success', 'grant.error', 'grant.revoked', 'authorization.error', 'userinfo.error', 'server_error',
  'pushed_authorization_request.success', 'pushed_authorization_request.error',
];
const homes = new Map();
const addresses = {};

// -- state that outlives a change of keys -----------------------------------------------------------------------------

class Shelf {
  constructor(model, rows) { this.model = model; this.rows = rows; }

  key(id) { return `${this.model}:${id}`; }

  async find(id) { return this.rows.get(this.key(id)); }

  async findBy(member, value) {
    for (const [key, row] of this.rows) if (key.startsWith(`${this.model}:`) && row[member] === value) return row;
    return undefined;
  }

  async findByUid(uid) { return this.findBy('uid', uid); }

  async findByUserCode(userCode) { return this.findBy('userCode', userCode); }

  async upsert(id, row) { this.rows.set(this.key(id), row); }

  async consume(id) { this.rows.get(this.key(id)).consumed = Math.floor(Date.now() / 1000); }

  async destroy(id) { this.rows.delete(this.key(id)); }

  async revokeByGrantId(grantId) {
    for (const [key, row] of this.rows) if (row.grantId === grantId) this.rows.delete(key);
  }
}

// -- one provider -----------------------------------------------------------------------------------------------------

const findAccount = (ctx, sub) => (PEOPLE[sub] ? { accountId: sub, claims: () => ({ sub, ...PEOPLE[sub] }) } : undefined);

// The settings are oidc-provider's own configuration as JSON, and beside it, because functions are no JSON:
// accessTokenSeconds, resources (RFC 8707: by URI), dpopNonces, fapi (a profile), mtls, rar (RFC 9396: the types), and
// application: where https://app.example really is, for the requests that the provider sends there.
function configured(name, settings, home) {
  const { accessTokenSeconds = 300, resources = {}, dpopNonces, fapi, mtls, rar, application, features = {}, ...rest } = settings;
  return {
    claims: { openid: ['sub', 'acr', 'amr'], profile: ['name', 'given_name'], email: ['email', 'email_verified'], phone: ['phone_number'] },
    scopes: ['openid', 'offline_access', 'profile', 'email', 'phone'],
    rotateRefreshToken: true,
    ...rest,
    adapter: (model) => new Shelf(model, home.rows),
    cookies: { keys: ['a key of the tests'] },
    ...(mtls && { discovery: { mtls_endpoint_aliases: aliases(name) } }),
    findAccount,
    // Theirs refuses this machine's own addresses.
    fetch: (url, { dispatcher, ...options }) => fetch(String(url).replace('https://app.example', application), options),
    interactions: { url: (ctx, interaction) => `/${name}/interaction/${interaction.uid}` },
    issueRefreshToken: (ctx, client) => client.grantTypeAllowed('refresh_token'),
    expiresWithSession: () => false,
    renderError: (ctx, out) => { ctx.type = 'text'; ctx.body = JSON.stringify(out); },
    ttl: { AccessToken: () => accessTokenSeconds, ClientCredentials: () => accessTokenSeconds },
    features: {
      devInteractions: { enabled: false },
      ...features,
      ...(fapi && { fapi: { enabled: true, profile: fapi } }),
      dPoP: { enabled: true, ...(dpopNonces && { nonceSecret: randomBytes(32), requireNonce: () => true }), ...features.dPoP },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (ctx, uri) => {
          if (!resources[uri]) throw new errors.InvalidTarget();
          return resources[uri];
        },
      },
      ...(features.ciba?.enabled && { ciba: { ...features.ciba, ...cibaOf(home) } }),
      ...(features.deviceFlow?.enabled && { deviceFlow: { enabled: true, ...devicePages } }),
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => { ctx.body = withButtons(form, { logout: 'yes' }); },
      },
      ...(rar && { richAuthorizationRequests: richRequests(rar) }),
      ...(mtls && {
        mTLS: {
          enabled: true,
          certificateBoundAccessTokens: true,
          selfSignedTlsClientAuth: true,
          tlsClientAuth: true,
          getCertificate: (ctx) => ctx.socket.getPeerX509Certificate?.()?.toString(),
          certificateAuthorized: (ctx) => ctx.socket.authorized,
          certificateSubjectMatches: (ctx, property, expected) => (
            property === 'tls_client_auth_san_dns'
            && ctx.socket.getPeerX509Certificate().checkHost(expected) !== undefined
          ),
        },
      }),
    },
  };
}

// RFC 8705 §5: browsers come by http, clients with a certificate by https.
const aliases = (name) => Object.fromEntries(Object.entries({
  token_endpoint: 'token',
  userinfo_endpoint: 'me',
  revocation_endpoint: 'token/revocation',
  introspection_endpoint: 'token/introspection',
  pushed_authorization_request_endpoint: 'request',
}).map(([endpoint, path]) => [endpoint, `${addresses.https}/${name}/${path}`]));

const granted = (ctx) => ctx.oidc.grant?.rar ?? JSON.parse(ctx.oidc.params.authorization_details ?? '[]');

const richRequests = (types) => ({
  enabled: true,
  types: Object.fromEntries(types.map((type) => [type, { validate: () => {} }])),
  authorizationDetailsForGrantSource: granted,
  authorizationDetailsForAccessToken: granted,
  authorizationDetailsForIntrospection: (ctx, token) => token.rar,
});

const cibaOf = (home) => ({
  processLoginHint: (ctx, hint) => hint,
  processLoginHintToken: (ctx, hint) => hint,
  validateBindingMessage: () => {},
  validateRequestContext: () => {},
  verifyUserCode: () => {},
  triggerAuthenticationDevice: (ctx, request) => { home.asked.push(request.jti); },
});

const devicePages = {
  userCodeInputSource: (ctx, form) => { ctx.body = withButtons(form, { go: 'continue' }); },
  userCodeConfirmSource: (ctx, form) => { ctx.body = withButtons(form, { go: 'yes', abort: 'no' }); },
  successSource: (ctx) => { ctx.body = 'connected'; },
};

const withButtons = (form, buttons) => form.replace('</form>', `${Object.entries(buttons)
  .map(([name, value]) => `<button name="${name}" value="${value}">${value}</button>`).join('')}</form>`);

function make(name, settings) {
  const home = homes.get(name) ?? { rows: new Map(), log: [], asked: [] };
  const provider = new Provider(`${addresses.http}/${name}`, configured(name, settings, home));
  provider.use(interactions(provider));
  for (const event of EVENTS) {
    provider.on(event, (ctx, error) => {
      const { grant_type: grantType } = ctx?.oidc?.params ?? {};
      const said = error instanceof Error ? { error: error.error, message: error.error_description, detail: error.error_detail } : {};
      home.log.push({ event, grant_type: grantType, ...said });
      if (event === 'server_error') console.error(error);
    });
  }
  home.provider = provider;
  home.answer = provider.callback();
  homes.set(name, home);
  return { issuer: provider.issuer };
}

// -- the person: one page that signs in whoever is typed, one that grants what is asked for -------------------------------

const interactions = (provider) => async (ctx, next) => {
  if (!ctx.path.startsWith('/interaction/')) return next();
  const details = await provider.interactionDetails(ctx.req, ctx.res);
  if (ctx.method === 'GET') {
    ctx.type = 'html';
    ctx.body = `<form method="post"><button name="say" value="${details.prompt.name}">${details.prompt.name}</button>`
      + `<button name="say" value="no">no</button></form><pre>${JSON.stringify(details.params)}</pre>`;
    return undefined;
  }
  const said = Object.fromEntries(new URLSearchParams(await bodyOf(ctx.req)));
  await provider.interactionFinished(ctx.req, ctx.res, await resultOf(provider, details, said));
  ctx.respond = false;
  return undefined;
};

async function resultOf(provider, { prompt, params, session, grantId }, said) {
  if (said.say === 'no') return { error: 'access_denied', error_description: 'The person said no' };
  if (prompt.name === 'login') {
    const { login: accountId, acr, seconds_ago: ago } = said;
    const amr = said.amr?.split(' ');
    const ts = ago && Math.floor(Date.now() / 1000) - Number(ago);
    return { login: { accountId, ...(acr && { acr }), ...(amr && { amr }), ...(ts && { ts }) } };
  }
  const grant = grantId
    ? await provider.Grant.find(grantId)
    : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  const { missingOIDCScope, missingOIDCClaims, missingResourceScopes, rar } = prompt.details;
  if (missingOIDCScope) grant.addOIDCScope(missingOIDCScope.join(' '));
  if (missingOIDCClaims) grant.addOIDCClaims(missingOIDCClaims);
  for (const [uri, scopes] of Object.entries(missingResourceScopes ?? {})) grant.addResourceScope(uri, scopes.join(' '));
  for (const detail of rar ?? []) grant.addRar(detail);
  return { consent: { grantId: await grant.save() } };
}

async function ciba(home, { say }) {
  const { provider } = home;
  const request = await provider.BackchannelAuthenticationRequest.find(home.asked.pop());
  if (say === 'no') {
    await provider.backchannelResult(request, new errors.AccessDenied('The person said no'));
    return {};
  }
  const grant = new provider.Grant({ accountId: request.accountId, clientId: request.clientId });
  grant.addOIDCScope(request.scope);
  await grant.save();
  await provider.backchannelResult(request, grant, { authTime: Math.floor(Date.now() / 1000) });
  return {};
}

function forget(home, { kind }) {
  for (const key of home.rows.keys()) if (key.startsWith(`${kind}:`)) home.rows.delete(key);
  return {};
}

// -- the server ----------------------------------------------------------------------------------------------------------

async function bodyOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function administer(request, name, what) {
  const home = homes.get(name);
  if (request.method === 'PUT') return make(name, JSON.parse(await bodyOf(request)));
  if (what === 'log') return home.log;
  if (what === 'forget') return forget(home, JSON.parse(await bodyOf(request)));
  if (what === 'ciba') return ciba(home, JSON.parse(await bodyOf(request)));
  throw new Error(`There is no ${request.method} ${request.url}`);
}

async function answer(request, response) {
  const [, first, second, third] = request.url.split(/[/?]/);
  if (first === 'admin') {
    const [status, body] = await administer(request, second, third).then((value) => [200, value], (error) => [500, String(error.stack)]);
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
  } else if (homes.has(first)) {
    request.originalUrl = request.url;
    request.url = request.url.slice(first.length + 1) || '/';
    await homes.get(first).answer(request, response);
  } else {
    response.writeHead(404).end();
  }
}

const listening = (server, scheme) => new Promise((resolve) => {
  server.listen(0, '127.0.0.1', () => {
    addresses[scheme] = `${scheme}://127.0.0.1:${server.address().port}`;
    resolve();
  });
});

await listening(createServer(answer), 'http');
const [cert, key, ca] = ['CERTIFICATE', 'KEY', 'CA'].map((name) => readFileSync(process.env[`INTEROP_${name}`]));
await listening(createTlsServer({ cert, key, ca, requestCert: true, rejectUnauthorized: false }, answer), 'https');
process.stdin.resume().on('end', () => process.exit(0));
process.stdout.write(`${JSON.stringify(addresses)}\n`);

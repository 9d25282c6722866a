// Workers KV's REST paths over KV bindings: keys, values/:key, metadata/:key, bulk, bulk/get, bulk/delete.
import { done, failed } from "./answers.mjs";

export async function kv(request, env, [id, what, ...rest]) {
  const pool = JSON.parse(env.NAMESPACES);
  if (!(id in pool)) return failed(404, 10013, "namespace not found");
  const route = what === "bulk" ? `${request.method} bulk${rest.length ? `/${rest[0]}` : ""}` : `${request.method} ${what}`;
  const handler = ROUTES[route];
  if (!handler) return failed(405, 10405, "Method not allowed");
  try {
    return await handler(env[pool[id]], request, rest.map(decodeURIComponent).join("/"));
  } catch (error) {
    const message = String(error.message ?? error);
    return failed(Number(/ failed: (\d{3}) /.exec(message)?.[1] ?? 400), 10012, message);
  }
}

const ROUTES = {
  "GET keys": keys,
  "GET values": async (namespace, _, key) => {
    const value = await namespace.get(key, "arrayBuffer");
    return value === null ? failed(404, 10009, "key not found") : new Response(value);
  },
  "GET metadata": async (namespace, _, key) => {
    const { value, metadata } = await namespace.getWithMetadata(key, "text");
    return value === null ? failed(404, 10009, "key not found") : done(metadata);
  },
  "PUT bulk": putMany,
  "POST bulk/get": getMany,
  "POST bulk/delete": async (namespace, request) => {
    const gone = await request.json();
    await Promise.all(gone.map((key) => namespace.delete(key)));
    return done({ successful_key_count: gone.length, unsuccessful_keys: [] });
  },
};

async function keys(namespace, request) {
  const asked = new URL(request.url).searchParams, limit = Number(asked.get("limit") ?? 1000);
  if (!(limit >= 10 && limit <= 1000)) return failed(400, 10028, "'limit' must be between 10 and 1000");
  const page = await namespace.list({ prefix: asked.get("prefix"), limit, cursor: asked.get("cursor") ?? undefined });
  return done(page.keys, { result_info: { count: page.keys.length, cursor: page.list_complete ? "" : page.cursor } });
}

async function putMany(namespace, request) {
  const pairs = await request.json();
  if (!Array.isArray(pairs) || !pairs.every((pair) => typeof pair.key === "string" && typeof pair.value === "string"))
    return failed(400, 10012, "could not parse request body");
  if (pairs.length > 10_000) return failed(400, 10023, "too many keys, at most 10,000 a request");
  if (pairs.some(({ expiration_ttl: ttl }) => ttl != null && ttl < 60)) return failed(400, 10033, "Invalid expiration_ttl");
  if (new Set(pairs.map(({ key }) => key)).size < pairs.length) return failed(400, 10012, "a key stands twice in one request");
  for (const { key, value, expiration_ttl: expirationTtl, metadata } of pairs)
    await namespace.put(key, value, { ...(expirationTtl && { expirationTtl }), ...(metadata && { metadata }) });
  return done({ successful_key_count: pairs.length, unsuccessful_keys: [] });
}

async function getMany(namespace, request) {
  const { keys: wanted, withMetadata = false } = await request.json();
  if (wanted.length > 100) return failed(400, 10023, "at most 100 keys");
  const found = await Promise.all(wanted.map((key) => namespace.getWithMetadata(key, "text")));
  const shown = found.map(({ value, metadata }) => (value !== null && withMetadata ? { value, metadata } : value));
  return done({ values: Object.fromEntries(wanted.map((key, at) => [key, shown[at]])) });
}

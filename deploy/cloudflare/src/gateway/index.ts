/**
 * The part of Cloudflare's REST API that logboom's exporters `d1` and `kv` speak, on bindings: no token, no limit of
 * calls. Only containers reach it, at http://cloudflare.internal; ids are names of bindings.
 *
 *   POST /client/v4/accounts/-/d1/database/{binding}/query
 *   PUT  /client/v4/accounts/-/storage/kv/namespaces/{binding}/bulk
 */
import type { Env } from "../env";
import { failed } from "./answers";
import { query } from "./d1";
import { putMany } from "./kv";

const D1 = /^POST \/client\/v4\/accounts\/[^/]+\/d1\/database\/([^/]+)\/query$/;
const KV = /^PUT \/client\/v4\/accounts\/[^/]+\/storage\/kv\/namespaces\/([^/]+)\/bulk$/;

export async function gateway(request: Request, env: Env): Promise<Response> {
  const asked = `${request.method} ${new URL(request.url).pathname}`;
  const [d1, kv] = [D1.exec(asked)?.[1], KV.exec(asked)?.[1]];
  if (d1) {
    const database = env[d1];
    return isDatabase(database) ? query(database, request) : failed(404, 7404, `there is no D1 binding ${d1}`);
  }
  if (kv) {
    const namespace = env[kv];
    return isNamespace(namespace) ? putMany(namespace, request) : failed(404, 10013, `there is no KV binding ${kv}`);
  }
  return failed(404, 7003, "Could not route");
}

const has = (binding: unknown, method: string): boolean =>
  typeof binding === "object" && binding !== null && typeof Reflect.get(binding, method) === "function";
const isDatabase = (binding: unknown): binding is D1Database => has(binding, "prepare");
const isNamespace = (binding: unknown): binding is KVNamespace => has(binding, "getWithMetadata");

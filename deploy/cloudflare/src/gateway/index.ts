/**
 * The part of Cloudflare's REST API that logboom's exporters `d1` and `kv` speak, and of S3's that its backups do, on bindings:
 * no token, no limit of calls. Only containers reach it, at http://cloudflare.internal; ids are names of bindings.
 *
 *   POST /client/v4/accounts/-/d1/database/{binding}/query
 *   PUT  /client/v4/accounts/-/storage/kv/namespaces/{binding}/bulk
 *   POST /client/v4/accounts/-/storage/kv/namespaces/{binding}/bulk/get
 *   GET, PUT, DELETE, POST /r2/{binding}/…
 */
import type { Env } from "../env";
import { failed } from "./answers";
import { query } from "./d1";
import { getMany, putMany } from "./kv";
import { objects } from "./r2";

type Serve = (binding: string, request: Request, env: Env) => Promise<Response>;

const onDatabase = (call: (database: D1Database, request: Request) => Promise<Response>): Serve => async (name, request, env) => {
  const database = env[name];
  return isDatabase(database) ? call(database, request) : failed(404, 7404, `there is no D1 binding ${name}`);
};
const onNamespace = (call: (namespace: KVNamespace, request: Request) => Promise<Response>): Serve => async (name, request, env) => {
  const namespace = env[name];
  return isNamespace(namespace) ? call(namespace, request) : failed(404, 10013, `there is no KV binding ${name}`);
};
const ROUTES: ReadonlyArray<readonly [RegExp, Serve]> = [
  [/^POST \/client\/v4\/accounts\/[^/]+\/d1\/database\/([^/]+)\/query$/, onDatabase(query)],
  [/^PUT \/client\/v4\/accounts\/[^/]+\/storage\/kv\/namespaces\/([^/]+)\/bulk$/, onNamespace(putMany)],
  [/^POST \/client\/v4\/accounts\/[^/]+\/storage\/kv\/namespaces\/([^/]+)\/bulk\/get$/, onNamespace(getMany)],
];

export async function gateway(request: Request, env: Env): Promise<Response> {
  const asked = `${request.method} ${new URL(request.url).pathname}`;
  for (const [path, serve] of ROUTES) {
    const binding = path.exec(asked)?.[1];
    if (binding !== undefined) return serve(binding, request, env);
  }
  const stored = OBJECTS.exec(new URL(request.url).pathname);
  if (stored?.[1] !== undefined) return onBucket(stored[1], decodeURIComponent(stored[2] ?? ""), request, env);
  return failed(404, 7003, "Could not route");
}

const OBJECTS = /^\/r2\/([^/]+)(?:\/(.*))?$/;

async function onBucket(name: string, key: string, request: Request, env: Env): Promise<Response> {
  const bucket = env[name];
  return isBucket(bucket) ? objects(bucket, key, request) : failed(404, 10006, `there is no R2 binding ${name}`);
}

const has = (binding: unknown, method: string): boolean =>
  typeof binding === "object" && binding !== null && typeof Reflect.get(binding, method) === "function";
const isDatabase = (binding: unknown): binding is D1Database => has(binding, "prepare");
const isBucket = (binding: unknown): binding is R2Bucket => has(binding, "createMultipartUpload");
const isNamespace = (binding: unknown): binding is KVNamespace => has(binding, "getWithMetadata");

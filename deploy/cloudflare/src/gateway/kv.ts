import { done, failed, messageOf } from "./answers";

interface Pair {
  key: string;
  value: string;
  expiration_ttl?: number;
  metadata?: unknown;
}

const MOST_WRITES = 900; // an invocation may make 1,000 calls to bindings; the API takes 10,000 pairs
const MOST_READ = 100;
const AT_ONCE = 6; // connections an invocation may have open

/** A bulk write. Keys that were not written stand in `unsuccessful_keys`; the exporter sends those again, and no others. */
export async function putMany(namespace: KVNamespace, request: Request): Promise<Response> {
  const pairs = await json(request);
  if (!isPairs(pairs)) return failed(400, 10012, "could not parse request body");
  const now = pairs.slice(0, MOST_WRITES);
  const errors = new Map<string, string>();
  const queue = now.values();
  await Promise.all(Array.from({ length: AT_ONCE }, () => putFrom(namespace, queue, errors)));
  const [first] = errors.values();
  if (first !== undefined && errors.size === now.length) return failed(statusOf(first), 10012, first);
  const left = [...errors.keys(), ...pairs.slice(MOST_WRITES).map(({ key }) => key)];
  return done({ successful_key_count: pairs.length - left.length, unsuccessful_keys: left });
}

async function putFrom(namespace: KVNamespace, queue: Iterable<Pair>, errors: Map<string, string>): Promise<void> {
  for (const { key, value, expiration_ttl: expirationTtl, metadata } of queue) {
    try {
      await namespace.put(key, value, { expirationTtl, metadata });
    } catch (error) {
      errors.set(key, messageOf(error));
    }
  }
}

/** At most 100 keys, as text; null for a key that is not there. */
export async function getMany(namespace: KVNamespace, request: Request): Promise<Response> {
  const body = await json(request);
  const keys: unknown = body && typeof body === "object" && "keys" in body ? body.keys : undefined;
  if (!isKeys(keys)) return failed(400, 10012, "could not parse request body");
  try {
    return done({ values: Object.fromEntries(await namespace.get(keys, "text")) });
  } catch (error) {
    return failed(statusOf(messageOf(error)), 10012, messageOf(error));
  }
}

const json = (request: Request): Promise<unknown> => request.json().catch(() => undefined);

const isPair = (value: Partial<Pair> | null): value is Pair =>
  typeof value?.key === "string" && typeof value.value === "string";
const isPairs = (value: unknown): value is Pair[] => Array.isArray(value) && value.every(isPair);
const isKeys = (value: unknown): value is string[] =>
  Array.isArray(value) && value.length > 0 && value.length <= MOST_READ && value.every((key) => typeof key === "string");

/** `KV PUT failed: 413 Value length …`; what names no status is worth another try. */
const statusOf = (message: string): number => Number(/ failed: ([45]\d\d) /.exec(message)?.[1] ?? 500);

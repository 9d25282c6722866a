import { done, failed, messageOf } from "./answers";

interface Pair {
  key: string;
  value: string;
  expiration_ttl?: number;
  metadata?: unknown;
}

const MOST_WRITES = 900; // an invocation may make 1,000 calls to bindings; the API takes 10,000 pairs
const AT_ONCE = 6; // connections an invocation may have open

/** A bulk write. Keys that were not written stand in `unsuccessful_keys`; the exporter sends those again, and no others. */
export async function putMany(namespace: KVNamespace, request: Request): Promise<Response> {
  const pairs = await read(request);
  if (!pairs) return failed(400, 10012, "could not parse request body");
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

async function read(request: Request): Promise<Pair[] | undefined> {
  try {
    const body: unknown = await request.json();
    return Array.isArray(body) && body.every(isPair) ? body : undefined;
  } catch {
    return undefined;
  }
}

const isPair = (value: Partial<Pair> | null): value is Pair =>
  typeof value?.key === "string" && typeof value.value === "string";

/** `KV PUT failed: 413 Value length …`; what names no status is worth another try. */
const statusOf = (message: string): number => Number(/ failed: ([45]\d\d) /.exec(message)?.[1] ?? 500);

import type { Collector } from "./collector";

/** What wrangler.jsonc binds, and the secrets. Any further binding of type D1 or KV is reachable by its name. */
export interface Env {
  COLLECTOR: DurableObjectNamespace<Collector>;
  /** The tenants: one container each. A host belongs to the longest of these that it equals or stands below. */
  DOMAINS: string[];
  /** Secret. JSON: domain → SHA-256 (hex) of each key that may send for it. */
  INGEST_KEYS?: string;
  /** "true": no key is asked for. */
  ALLOW_ANONYMOUS?: string;
  [binding: string]: unknown;
}

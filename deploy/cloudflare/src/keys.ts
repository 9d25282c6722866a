import type { Env } from "./env";

export type Admission = "admitted" | "refused" | "unconfigured";

/** Whether the request's `Authorization: Bearer …` is a key of the domain. Only hashes of keys are kept here. */
export async function admission(request: Request, domain: string, env: Env): Promise<Admission> {
  if (env.ALLOW_ANONYMOUS === "true") return "admitted";
  const hashes = hashesOf(domain, env.INGEST_KEYS);
  if (!hashes) return "unconfigured";
  const key = /^Bearer (\S+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
  if (!key) return "refused";
  const shown = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(key)));
  return hashes.some((hash) => crypto.subtle.timingSafeEqual(shown, hash)) ? "admitted" : "refused";
}

/** The domain's hashes; undefined when the secret is missing or broken, which is not the sender's fault. */
function hashesOf(domain: string, secret: string | undefined): Uint8Array[] | undefined {
  try {
    const texts: unknown = JSON.parse(secret ?? "")[domain] ?? [];
    return Array.isArray(texts) && texts.every((text) => /^[0-9a-f]{64}$/i.test(text)) ? texts.map(bytes) : undefined;
  } catch {
    return undefined;
  }
}

const bytes = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));

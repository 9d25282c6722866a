import { switchPort } from "@cloudflare/containers";

import { PORTS } from "./collector";
import { domainOf } from "./domains";
import type { Env } from "./env";
import { admission } from "./keys";
import { Code, refusal } from "./refusal";

/** Headers that only this Worker may set: the first picks a port of the container, the second a domain in logboom. */
const OURS = ["cf-container-target-port", "x-forwarded-host"];

/** Host → domain → that domain's container. The request's URL, and with it the host, stays as it is. */
export async function route(request: Request, env: Env): Promise<Response> {
  const url = new URL(request.url);
  const domain = domainOf(url.hostname, env.DOMAINS);
  if (!domain) return refusal(request, 403, Code.PermissionDenied, "this host belongs to no domain");
  const action = `${request.method} ${url.pathname}`;
  if (action === "GET /health") return Response.json({ status: "ok", domain }); // of the Worker; wakes no container
  if (request.headers.get("content-type")?.startsWith("application/grpc"))
    return refusal(request, 415, Code.InvalidArgument, "gRPC does not pass through Workers: send OTLP over HTTP");
  if (action !== "POST /v1/logs" && action !== "GET /ready")
    return refusal(request, 404, Code.NotFound, "there are POST /v1/logs, GET /ready and GET /health");
  const unwelcome = await unwelcoming(request, domain, env);
  if (unwelcome) return unwelcome;
  return forward(request, action === "GET /ready" ? PORTS.health : PORTS.otlp, domain, env);
}

async function unwelcoming(request: Request, domain: string, env: Env): Promise<Response | undefined> {
  switch (await admission(request, domain, env)) {
    case "admitted":
      return undefined;
    case "refused":
      return refusal(request, 401, Code.Unauthenticated, "Authorization: Bearer and a key of this domain are needed");
    case "unconfigured":
      return refusal(request, 503, Code.Unavailable, "the secret INGEST_KEYS is missing or broken");
  }
}

async function forward(request: Request, port: number, domain: string, env: Env): Promise<Response> {
  const headers = new Headers(request.headers);
  for (const name of [...OURS, "authorization"]) headers.delete(name);
  try {
    const container = env.COLLECTOR.get(env.COLLECTOR.idFromName(domain));
    const answer = await container.fetch(switchPort(new Request(request, { headers }), port));
    // logboom never answers 500 and says what it refuses in OTLP's words; the package tells so of a container that is
    // not there, whose sender must keep its data.
    const ours = answer.status === 500 || (answer.status >= 429 && !answer.headers.has("retry-after"));
    if (!ours) return answer;
    await answer.body?.cancel();
    return refusal(request, answer.status === 429 ? 429 : 503, Code.Unavailable, "the container is not ready");
  } catch (error) {
    console.error("the container can't be reached:", error);
    return refusal(request, 503, Code.Unavailable, "the container can't be reached");
  }
}

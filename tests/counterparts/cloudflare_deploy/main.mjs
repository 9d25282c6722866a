// The deployed Worker as it is, with one thing replaced: `ctx.container`, which needs Docker. What stands in for it has
// ports that lead to real processes on loopback, or to a fixed text, or that echo what they get; and it hands the
// container's own requests to the interceptor that the package installs.
//
//   CONTAINERS   domain → port → a port on loopback, or the text of every answer,
//                or {error}: what fetching from it throws; a port that is not named echoes
//   /outbound/{domain}/…   a request that the container of the domain makes to http://cloudflare.internal/…
//   /container/{domain}    its story: how it was started, which signals it got
//   /expire/{domain}       `sleepAfter` is over
//   /kv                    all that KV holds
import deployed, { Collector as DeployedCollector } from "./deployed.js";
export { ContainerProxy } from "./deployed.js";

class PretendedContainer {
  running = false;
  started = [];
  signals = [];
  interceptors = {};
  constructor(env) { this.env = env; }
  get domain() { return this.started.at(-1)?.env.LOGBOOM_DOMAIN; }
  start(config) { this.started.push(config); this.running = true; }
  monitor() { return new Promise(() => {}); }
  signal(number) { this.signals.push(number); }
  async interceptOutboundHttp(host, fetcher) { this.interceptors[host] = fetcher; }
  getTcpPort(port) {
    return { fetch: (input, init) => this.answer(port, new Request(input, init)) };
  }
  async answer(port, request) {
    const target = this.env.CONTAINERS[this.domain]?.[port];
    if (typeof target === "number") return this.env[`${this.domain}:${port}`].fetch(request);
    if (typeof target === "string") return new Response(target);
    if (target?.error && request.method === "POST") throw new Error(target.error); // it answers the package's pings
    const headers = Object.fromEntries(request.headers);
    return Response.json({ container: this.domain, port, url: request.url, headers, body: await request.text() });
  }
}

export class Collector extends DeployedCollector {
  constructor(ctx, env) {
    Object.defineProperty(ctx, "container", { value: new PretendedContainer(env) });
    super(ctx, env);
  }
  outbound(request) {
    const url = new URL(request.url);
    // A real one asks while it starts, before its first sender; the pretended one is started by that sender.
    const interceptor = this.ctx.container.interceptors[url.hostname];
    return interceptor ? interceptor.fetch(request) : DeployedCollector.outboundByHost[url.hostname](request, this.env);
  }
  story() { return { started: this.ctx.container.started, signals: this.ctx.container.signals }; }
  async expire() { await this.onActivityExpired(); return this.story(); }
}

async function control(request, env, [action, domain, ...rest]) {
  const { search } = new URL(request.url);
  if (action === "kv") {
    const { keys } = await env.VIEW.list();
    return Response.json(Object.fromEntries(await Promise.all(keys.map(async ({ name }) => [name, await env.VIEW.get(name, "json")]))));
  }
  const container = env.COLLECTOR.get(env.COLLECTOR.idFromName(domain));
  if (action === "outbound") return container.outbound(new Request(`http://cloudflare.internal/${rest.join("/")}${search}`, request));
  return Response.json(action === "expire" ? await container.expire() : await container.story());
}

export default {
  fetch(request, env, ctx) {
    const { hostname, pathname } = new URL(request.url);
    return hostname === "127.0.0.1" ? control(request, env, pathname.slice(1).split("/")) : deployed.fetch(request, env, ctx);
  },
};

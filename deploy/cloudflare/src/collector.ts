import { Container } from "@cloudflare/containers";

import { domainOf } from "./domains";
import type { Env } from "./env";
import { gateway } from "./gateway";

/** As in logboom.yaml. */
export const PORTS = { otlp: 4318, health: 13133, metrics: 8888 } as const;
const GATEWAY_HOST = "cloudflare.internal";
const WAITING = /^(?:otelcol_exporter_queue_size|logboom_pipeline_lag_records)(?:\{.*\})? (\S+)/gm;

/** One logboom in a container: the one of a domain. */
export class Collector extends Container<Env> {
  override defaultPort = PORTS.otlp;
  override sleepAfter = "10m";
  // logboom.yaml sends to D1 and KV only, through the gateway. Set to true for exporters that reach out.
  override enableInternet = false;

  /** Every start begins with a request, and its host says whose container this is. */
  override async fetch(request: Request): Promise<Response> {
    this.envVars = { LOGBOOM_DOMAIN: domainOf(new URL(request.url).hostname, this.env.DOMAINS) ?? "" };
    return super.fetch(request);
  }

  /** The disk goes with the container: it sleeps only when nothing waits there any more. */
  override async onActivityExpired(): Promise<void> {
    if (await this.somethingWaits()) this.renewActivityTimeout();
    else await super.onActivityExpired();
  }

  private async somethingWaits(): Promise<boolean> {
    if (!this.ctx.container?.running) return false;
    try {
      const answer = await this.ctx.container.getTcpPort(PORTS.metrics).fetch("http://localhost/metrics");
      const metrics = await answer.text();
      return [...metrics.matchAll(WAITING)].some(([, value]) => Number(value) > 0);
    } catch {
      return false; // it answers nobody: stopping it is the best that can be done
    }
  }
}

// An assignment, not a static field: the package's setter must see it.
Collector.outboundByHost = { [GATEWAY_HOST]: (request: Request, env: unknown) => gateway(request, env as Env) };

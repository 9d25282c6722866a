// logboom on Cloudflare Containers: this Worker is the door (router.ts) and the way to D1 and KV (gateway/).
import { route } from "./router";
import type { Env } from "./env";

export { ContainerProxy } from "@cloudflare/containers"; // carries the container's own requests to the gateway
export { Collector } from "./collector";

export default { fetch: route } satisfies ExportedHandler<Env>;

// Cloudflare's REST API for D1 and Workers KV, on workerd's own D1 and KV.
import { failed } from "./answers.mjs";
import { d1 } from "./d1.mjs";
import { kv } from "./kv.mjs";

export default {
  async fetch(request, env) {
    const [, client, version, accounts, account, product, ...rest] = new URL(request.url).pathname.split("/");
    if (`${client}/${version}/${accounts}` !== "client/v4/accounts") return failed(404, 7003, "Could not route");
    const known = request.headers.get("authorization") === `Bearer ${env.API_TOKEN}` && account === env.ACCOUNT_ID;
    if (!known) return failed(403, 10000, "Authentication error");
    const path = rest.filter(Boolean);
    if (product === "d1" && path[0] === "database") return d1(request, env, path.slice(1));
    if (product === "storage" && path[0] === "kv") return kv(request, env, path.slice(2));
    return failed(404, 7003, "Could not route");
  },
};

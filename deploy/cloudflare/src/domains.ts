/** The domain of a host: the longest known one that it equals or stands below, as `service.domains.names` of logboom. */
export function domainOf(host: string, domains: readonly string[]): string | undefined {
  const known = new Set(domains);
  let name = host.toLowerCase().replace(/\.$/, "");
  while (name && !known.has(name)) {
    const dot = name.indexOf(".");
    name = dot < 0 ? "" : name.slice(dot + 1);
  }
  return name || undefined;
}

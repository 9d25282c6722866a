// A stream of events and the place in it. A browser comes back by itself after a cut; after an answer that is no stream (too many follow,
// the console is not there yet) it does not, so that is done here. Hidden pages have none: a host has six connections.
const SLOWEST_MS = 30000;

export class Stream {
  constructor(url, told) {
    this.url = url;
    this.told = told;
    this.connected = false;
    this.wait = 1000;
    document.addEventListener("visibilitychange", () => this.look());
  }

  open(after) {
    this.after = after;
    this.look();
  }

  look() {
    if (this.after === undefined) return;
    if (document.hidden) this.shut();
    else if (!this.source) this.connect();
  }

  connect() {
    clearTimeout(this.timer);
    const url = new URL(this.url, location.href);
    if (this.after) url.searchParams.set("after", this.after);
    const source = new EventSource(url);
    this.source = source;
    source.addEventListener("open", () => {
      this.wait = 1000;
      this.is(true);
    });
    source.addEventListener("error", () => {
      this.is(false);
      if (source.readyState === EventSource.CLOSED) this.again();
    });
    const on = (name, then) =>
      source.addEventListener(name, (event) => {
        this.after = event.lastEventId;
        then(JSON.parse(event.data));
      });
    on("record", ({ rows }) => this.told.rows(rows));
    on("skipped", (told) => this.told.skipped(told));
    on("reset", () => this.told.reset());
    on("place", () => {});
  }

  again() {
    this.shut();
    this.timer = setTimeout(() => this.look(), this.wait);
    this.wait = Math.min(this.wait * 2, SLOWEST_MS);
  }

  shut() {
    this.source?.close();
    this.source = null;
    this.is(false);
  }

  is(connected) {
    if (this.connected === connected) return;
    this.connected = connected;
    this.told.changed();
  }
}

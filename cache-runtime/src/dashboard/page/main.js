// Reads the document once a second and shows it; says so where it cannot.

const EVERY = 1000;
const LONGEST = 10_000;

/** For tests and the curious: the document that the page shows. */
const shown = (globalThis.cacheDashboard = { document: null, state: "connecting" });

const KINDS = { memory: "In memory", redis: "Redis", sentinel: "Redis, by Sentinel", cluster: "Redis Cluster", disabled: "Off" };

/** Whether there is a server that can be away, or slow. The embedded store is not timed. */
const remote = (store) => store.kind !== "memory" && store.kind !== "disabled";

/** A word, a colour and a shape for each state. */
const BREAKER = {
  closed: ["good", "Closed", () => s("circle", { cx: 6, cy: 6, r: 5, fill: "currentColor" })],
  half_open: ["warn", "Half open", () => [
    s("circle", { cx: 6, cy: 6, r: 5, fill: "none", stroke: "currentColor", "stroke-width": 1.8 }),
    s("path", { d: "M6 1a5 5 0 0 1 0 10z", fill: "currentColor" }),
  ]],
  open: ["bad", "Open", () => s("path", { d: "M6 0l6 6-6 6-6-6z", fill: "currentColor" })],
};

function sign(id, [kind, text, shape], pulse) {
  const drawing = s("svg", { viewBox: "0 0 12 12", "aria-hidden": "true", class: pulse ? "pulse" : null }, [shape()].flat());
  const key = `${kind} ${text}`;
  const dd = byId(id);
  if (dd.dataset.sign === key) return;
  dd.dataset.sign = key;
  dd.className = kind;
  dd.replaceChildren(drawing, text);
}

/** Where the document is: beside the page, wherever that has been mounted. */
function source() {
  const at = document.querySelector('meta[name="dashboard-json"]').content;
  const here = at.startsWith("?") ? location.pathname : `${location.pathname.replace(/\/+$/, "")}/`;
  return new URL(at, location.origin + here);
}

function state({ namespace, since, now, store, version }) {
  const title = namespace ?? "cache";
  say(byId("title"), title);
  say(byId("about"), `One process, watched for ${ago(now - since)}`);
  say(byId("kind"), KINDS[store.kind] ?? store.kind);
  const here = !remote(store);
  if (here) say(byId("breaker"), "None needed");
  else sign("breaker", BREAKER[store.breaker] ?? BREAKER.open);
  const pending = byId("pending");
  say(pending, here ? "None" : whole.format(store.pending_invalidations));
  pending.dataset.value = store.pending_invalidations;
  pending.className = store.pending_invalidations ? "warn" : "";
  say(byId("opened"), store.opened ? `opened ${store.opened === 1 ? "once" : `${whole.format(store.opened)} times`}` : "");
  say(byId("dropped"), store.dropped_invalidations ? `${whole.format(store.dropped_invalidations)} dropped` : "");
  const copies = store.copies ? ` ${whole.format(store.copies)} local copies of ${bytes(store.copy_bytes)}.` : "";
  const traffic = here ? "" : ` ${bytes(store.bytes_read)} read from the store and ${bytes(store.bytes_written)} written.`;
  say(byId("foot"), `cache-runtime ${version}. Sampled once a second; a point of a chart is the ten seconds before it.${traffic}${copies}`);
}

/** What other programs have changed and readers do not see yet, of all outboxes that this process follows. */
function outbox({ outboxes }) {
  byId("outbox-fact").hidden = !outboxes.length;
  const waiting = sum(outboxes.map(({ backlog }) => backlog));
  const lag = Math.max(0, ...outboxes.map(({ lag }) => (lag.count ? lag.p99_us : 0)));
  say(byId("outbox"), waiting ? `${whole.format(waiting)} waiting` : "Empty");
  byId("outbox").className = outboxes.some(late) ? "warn" : "";
  say(byId("outbox-note"), lag ? `lag ${brief(lag)} at p99` : "");
}

function show(doc) {
  shown.document = doc;
  state(doc);
  outbox(doc);
  axis.line = { ...timeline(doc.history), remote: remote(doc.store) };
  if (axis.at != null) axis.at = Math.min(axis.at, axis.line.times.length - 1);
  axis.charts.forEach((chart) => chart.show());
  figures(doc);
  functions(doc);
}

const link = { failures: 0, timer: 0, until: 0, turn: 0 };

/** Reads the document, and again after a while. Whoever asks for it while it is on its way begins anew. */
async function read() {
  clearTimeout(link.timer);
  const turn = ++link.turn;
  try {
    const answer = await fetch(source(), { cache: "no-store", signal: AbortSignal.timeout(5000) });
    if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`.trim());
    const doc = await answer.json();
    if (turn !== link.turn) return;
    show(doc);
    link.failures = 0;
    shown.state = "live";
    document.body.classList.remove("old");
    band(troubles(shown.document));
    sign("link", ["good", "Live", () => s("circle", { cx: 6, cy: 6, r: 3.5, fill: "currentColor" })], true);
    link.timer = setTimeout(read, EVERY);
  } catch (error) {
    if (turn !== link.turn) return;
    const pause = Math.min(EVERY * 2 ** link.failures++, LONGEST);
    shown.state = "lost";
    link.until = Date.now() + pause;
    wait(error.name === "TimeoutError" ? "no answer within 5 s" : error.message);
  }
}

/** Counts down to the next try. */
function wait(reason) {
  const left = Math.ceil((link.until - Date.now()) / 1000);
  if (left <= 0) return read();
  const since = shown.document ? `This is what was read at ${clock(shown.document.now)}.` : `${source().pathname} could not be read.`;
  band([["warn", "Connection lost.", `${since} Retrying in ${left} s (${reason}).`]]);
  document.body.classList.add("old");
  sign("link", ["warn", "Connection lost", () => s("path", { d: "M6 .5L12 11.5H0z", fill: "currentColor" })]);
  link.timer = setTimeout(() => wait(reason), Math.min(1000, link.until - Date.now()));
}

/** System, light, dark; remembered where the browser allows it. */
function themes() {
  const names = ["system", "light", "dark"];
  const button = byId("theme");
  const apply = (name) => {
    if (name === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = name;
    say(button, `Theme: ${name}`);
    button.dataset.value = name;
  };
  let kept = null;
  try { kept = localStorage.getItem("cache-dashboard-theme"); } catch { /* not for this page, then */ }
  apply(names.includes(kept) ? kept : "system");
  button.addEventListener("click", () => {
    const next = names[(names.indexOf(button.dataset.value) + 1) % names.length];
    apply(next);
    try { localStorage.setItem("cache-dashboard-theme", next); } catch { /* it holds until the page is left */ }
  });
}

themes();
charts();
tableHead();
explaining();
byId("source").href = source();
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) return read();
  clearTimeout(link.timer);
  link.turn++;
});
read();

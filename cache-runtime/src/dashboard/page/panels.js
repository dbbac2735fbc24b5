// The three charts and the figures beside them.

const linear = (top, label) => (line, floor) => {
  const max = top(line);
  return { y: (n) => floor - (n / max) * (floor - 6), ticks: [0, max / 2, max].map((n) => [n, label(n)]) };
};

/** Decades of microseconds; at least two, so that a steady line does not fill the chart. */
function decades(line, floor) {
  const seen = [...line.load, ...line.store].flat().filter((us) => us > 0);
  const low = Math.floor(Math.log10(Math.min(...seen, 1000)));
  const high = Math.max(Math.ceil(Math.log10(Math.max(...seen, 10_000))), low + 2);
  const y = (us) => floor - ((Math.log10(Math.max(us, 1)) - low) / (high - low)) * (floor - 6);
  const ticks = [];
  for (let power = low; power <= high; power++) ticks.push([10 ** power, brief(10 ** power).replace(".00", "").replace(".0", "")]);
  return { y, ticks };
}

const grouped = (kind, ...shapes) => s("g", { class: kind }, shapes);
const zeros = (values) => values.map(() => 0);

function charts() {
  new Chart("chart-rate", {
    height: 190, name: "Hit rate over time",
    scale: linear(() => 1, (n) => `${n * 100} %`),
    some: ({ asked }) => asked.some(Boolean),
    draw: (chart, { rate }) => [
      grouped("hit", chart.path(rate, "area", zeros(rate)), chart.path(rate, "line")),
    ],
    legend: ({ rate, asked, hits }, at) => [{
      kind: "hit", name: "hit rate", value: rate[at],
      text: rate[at] == null ? "–" : `${percent(hits[at], asked[at])} %`,
    }],
  });
  new Chart("chart-traffic", {
    height: 150, name: "Requests and loads over time",
    scale: linear((line) => ceiling(Math.max(...line.requests, ...line.loads) || 1), short),
    some: ({ requests, loads }) => requests.some(Boolean) || loads.some(Boolean),
    draw: (chart, { requests, loads, failed }) => [
      grouped("hit", chart.path(requests, "area", loads), chart.path(requests, "line")),
      grouped("load", chart.path(loads, "area strong", zeros(loads)), chart.path(loads, "line")),
      grouped("bad", chart.path(failed.map((n) => n || null), "line")),
    ],
    legend: ({ requests, loads, failed }, at) => [
      { kind: "hit", name: "requests/s", value: requests[at], text: number(requests[at] ?? 0) },
      { kind: "load", name: "loads/s", value: loads[at], text: number(loads[at] ?? 0) },
      ...(failed.some(Boolean) ? [{ kind: "bad", name: "failed/s", value: failed[at], text: number(failed[at] ?? 0) }] : []),
    ],
  });
  new Chart("chart-latency", {
    height: 190, name: "Latencies of loads and of the store over time",
    scale: decades,
    some: ({ load, store }) => [...load, ...store].flat().some((us) => us != null),
    draw: (chart, { load, store }) => [["load", load], ["store", store]].map(([kind, [p50, p99]]) =>
      grouped(kind, chart.path(p99, "area", p50), chart.path(p50, "line"), chart.path(p99, "line thin"))),
    legend: ({ load, store, remote }, at) => [["load", "loads", load], ["store", "store", store]].slice(0, remote ? 2 : 1).flatMap(([kind, name, [p50, p99]]) => [
      { kind, name: `${name} p50`, value: p50[at], text: brief(p50[at]) },
      { kind, thin: true, name: "p99", value: p99[at], text: brief(p99[at]) },
    ]),
  });
}

/** The figures beside the charts: of the last ten seconds, or of a minute where those had few calls; sums in small print. */
function figures(doc) {
  const { latest, recent, total, store } = doc;
  const asked = requests(total);
  const now = latest.requests < FEW ? recent : latest;
  const perSecond = (n) => (now.ms ? (1000 * n) / now.ms : 0);
  const rate = (id, n) => figure(id, asked || n ? perSecond(n) : null, number(perSecond(n)));
  hitRate(doc, now);
  const saved = Math.max(0, asked - total.loads);
  figure("saved", asked ? saved : null, whole.format(saved));
  rate("requests", now.requests);
  rate("loads", now.loads);
  const failed = total.load_failures ? `, ${whole.format(total.load_failures)} failed` : "";
  say(byId("saved-note"), asked ? `${whole.format(asked)} requests, ${whole.format(total.loads)} loads${failed}` : "");
  times("load", now.load_time);
  times("store", now.store_time);
  byId("store-p99").parentElement.hidden = !remote(store);
  say(byId("latency-note"), store.failures
    ? `${whole.format(recent.failures)} of ${whole.format(Math.max(recent.operations, recent.failures))} operations failed ${inTheLast(recent)}, ${whole.format(store.failures)} in all`
    : now.load_time.count || now.store_time.count ? inTheLast(now) : "");
}

function hitRate(doc, now) {
  const { recent, total } = doc;
  const asked = requests(total);
  figure("rate", now.requests ? now.answered / now.requests : null, now.requests ? percent(now.answered, now.requests) : "", "%");
  byId("rate").classList.toggle("bad", doc.store.breaker === "open" || Boolean(fallenFrom(doc)));
  say(byId("rate-note"), !asked ? "No calls yet. The figures come with the first one." : `of ${now.requests ? count(now.requests, "call", "calls") : "no calls"} ${inTheLast(now)}`);
  const line = (text, value, kind) => h("div", {}, h("dt", {}, text), h("dd", { class: kind }, value));
  byId("rate-lines").replaceChildren(...[
    now !== recent && recent.requests && line(inTheLast(recent), `${percent(recent.answered, recent.requests)} %`),
    asked && line(`of all ${whole.format(asked)} calls`, `${percent(answered(total), asked)} %`),
    total.stale_detected && line(`in ${count(total.audits, "audit", "audits")}`, `${whole.format(total.stale_detected)} stale`, "bad"),
  ].filter(Boolean));
}

function times(what, { count, p50_us, p99_us }) {
  figure(`${what}-p99`, count ? p99_us : null, ...(count ? duration(p99_us) : []));
  say(byId(`${what}-p50`), `p50 ${count ? brief(p50_us) : "–"}`);
}

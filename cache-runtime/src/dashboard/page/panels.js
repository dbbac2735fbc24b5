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
    scale: linear((line) => ceiling(Math.max(...line.requests, ...line.loads, 4)), number),
    draw: (chart, { requests, loads }) => [
      grouped("hit", chart.path(requests, "area", loads), chart.path(requests, "line")),
      grouped("load", chart.path(loads, "area strong", zeros(loads)), chart.path(loads, "line")),
    ],
    legend: ({ requests, loads, failed }, at) => [
      { kind: "hit", name: "requests/s", value: requests[at], text: number(requests[at] ?? 0) },
      { kind: "load", name: "loads/s", value: loads[at], text: number(loads[at] ?? 0) },
      ...(failed[at] > 0 ? [{ kind: "bad", name: "failed/s", text: number(failed[at]) }] : []),
    ],
  });
  new Chart("chart-latency", {
    height: 190, name: "Latencies of loads and of the store over time",
    scale: decades,
    draw: (chart, { load, store }) => [["load", load], ["store", store]].map(([kind, [p50, p99]]) =>
      grouped(kind, chart.path(p99, "area", p50), chart.path(p50, "line"), chart.path(p99, "line thin"))),
    legend: ({ load, store, remote }, at) => [["load", "loads", load], ["store", "store", store]].slice(0, remote ? 2 : 1).flatMap(([kind, name, [p50, p99]]) => [
      { kind, name: `${name} p50`, value: p50[at], text: brief(p50[at]) },
      { kind, thin: true, name: "p99", value: p99[at], text: brief(p99[at]) },
    ]),
  });
}

/** The figures beside the charts: those of the last minute, and the sums of all time in small print. */
function figures({ recent, total, store }) {
  const asked = requests(total);
  const perSecond = (n) => (recent.ms ? (1000 * n) / recent.ms : 0);
  const rate = (id, n) => figure(id, asked || n ? perSecond(n) : null, number(perSecond(n)));
  figure("rate", recent.requests ? recent.answered / recent.requests : null,
    recent.requests ? percent(recent.answered, recent.requests) : "", "%");
  const lately = recent.ms > 50_000 && recent.ms < 90_000 ? "in the last minute" : `in the last ${ago(recent.ms)}`;
  say(byId("rate-note"), !asked ? "No calls yet. The figures come with the first one."
    : `${recent.requests ? "" : "no calls "}${lately}; ${percent(answered(total), asked)} % of all ${whole.format(asked)} calls`);
  const saved = Math.max(0, asked - total.loads);
  figure("saved", asked ? saved : null, whole.format(saved));
  say(byId("saved-note"), asked ? `${whole.format(asked)} requests, ${whole.format(total.loads)} loads` : "");
  rate("requests", recent.requests);
  rate("loads", recent.loads);
  const slow = (id, { count, p99_us }) => figure(id, count ? p99_us : null, ...(count ? duration(p99_us) : []));
  slow("load-p99", recent.load_time);
  slow("store-p99", recent.store_time);
  const parts = [
    total.load_failures && `${whole.format(total.load_failures)} of ${whole.format(total.loads)} loads failed`,
    store.failures && `${whole.format(store.failures)} of ${whole.format(store.operations)} operations on the store failed`,
  ];
  say(byId("latency-note"), parts.filter(Boolean).join("; ") || (asked ? lately : ""));
  byId("store-p99").parentElement.hidden = !remote(store);
}

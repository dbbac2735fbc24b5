// The table of functions: sorted by any column, one row for each, with all of its counters underneath.

const COLUMNS = [
  { key: "name", label: "Function", of: (f) => f.name },
  { key: "rate", label: "Hit rate", group: "Calls", of: (f) => (requests(f) ? answered(f) / requests(f) : -1) },
  { key: "requests", label: "Requests", group: "Calls", of: requests },
  { key: "hits", label: "Hits", group: "Calls", tip: "answered by a value in the store", rare: true },
  { key: "local_hits", label: "Local", group: "Calls", tip: "of the hits: answered by this process’s memory, without a round trip", rare: true },
  { key: "negative_hits", label: "Negative", group: "Calls", tip: "answered by a remembered None", rare: true },
  { key: "stale_hits", label: "Stale", group: "Calls", tip: "answered by a value that had expired", rare: true },
  { key: "misses", label: "Misses", group: "Calls", tip: "found nothing in the store at first" },
  { key: "loads", label: "Loads", group: "Loads", tip: "runs of the function’s body" },
  { key: "load_failures", label: "Failed", group: "Loads", tip: "runs that returned an error", bad: true },
  { key: "coalesced", label: "Shared", group: "Loads", tip: "coalesced: answered by another call’s load in this process", rare: true },
  { key: "lock_waits", label: "Waited", group: "Loads", tip: "waited for another process’s load", rare: true },
  { key: "not_stored", label: "Not stored", group: "Loads", of: (f) => notStored(f), tip: "loaded or written and not stored; a click on the function says why", rare: true },
  { key: "p50", label: "p50", group: "Load time", of: (f) => timed(f).p50_us, time: true },
  { key: "p99", label: "p99", group: "Load time", of: (f) => timed(f).p99_us, time: true },
];
const notStored = (f) => Object.values(f.not_stored ?? {}).reduce((sum, n) => sum + n, 0);
const timed = (f) => (f.load_time?.count ? f.load_time : { p50_us: -1, p99_us: -1 });
const valueOf = (column, f) => (column.of ? column.of(f) : f[column.key]);

/** From how many functions on they can be filtered. */
const MANY = 9;

const table = { sort: "requests", up: false, rows: new Map(), stats: [], history: {}, total: null, busy: false };

function sortBy(key, up) {
  table.up = up ?? (table.sort === key ? !table.up : key === "name");
  table.sort = key;
  byId("sortby").value = key;
  arrange(true);
}

/** The head, once. */
function tableHead() {
  const groups = Object.entries(Object.groupBy(COLUMNS, (column) => column.group ?? ""));
  const title = ({ key, label, tip }) => {
    const button = h("button", { type: "button", title: tip }, label);
    button.addEventListener("click", () => sortBy(key));
    return h("th", { scope: "col", class: key === "name" ? "name" : null, "data-key": key }, button);
  };
  const heads = COLUMNS.map(title);
  heads.splice(1, 0, h("th", { scope: "col", class: "trend", title: "hit rate over the last ten minutes" }, "Trend"));
  const bands = groups.flatMap(([name, of]) =>
    name ? [h("th", { colspan: of.length, scope: "colgroup" }, h("span", {}, name))] : [h("td", { colspan: 2 })]);
  table.body = h("tbody", {});
  table.foot = h("tfoot", {});
  byId("table").append(h("thead", {}, h("tr", { class: "group" }, bands), h("tr", {}, heads)), table.body, table.foot);
  const choice = byId("sortby");
  choice.append(...COLUMNS.map(({ key, label, group }) => h("option", { value: key }, group === "Load time" ? `Load ${label}` : label)));
  choice.addEventListener("change", () => sortBy(choice.value, choice.value === "name"));
  byId("filter").addEventListener("input", () => arrange(true));
  // A row does not run away from under a pointer.
  byId("scroll").addEventListener("pointerenter", () => (table.busy = true));
  byId("scroll").addEventListener("pointerleave", () => (table.busy = false));
  sortBy("requests", false);
}

/** A name in which the module is quiet, and which breaks between its parts only. */
function nameParts(name) {
  const parts = name.split(/(?<=::|\.)/);
  const own = name.includes("::") ? 2 : parts.length;
  const broken = (list) => list.flatMap((part) => [part, h("wbr", {})]);
  return [...broken(parts.slice(0, -own)), h("b", {}, broken(parts.slice(-own)))];
}

function makeRow(name, total) {
  const cells = COLUMNS.map(({ key, label, group, rare }) =>
    h("td", { class: rare ? "rare" : key, "data-key": key,
      "data-label": key === "name" ? null : group === "Load time" ? `Load ${label}` : label }));
  const trend = h("td", { class: "trend", "data-label": total ? null : "Trend" });
  const writes = h("td", { class: "writes", colspan: COLUMNS.length, hidden: true });
  const tr = h("tr", { "data-name": total ? null : name }, cells[0], trend, cells.slice(1), writes);
  const row = { name, cells, tr, trend, writes, more: null };
  if (total) cells[0].append("All functions");
  else {
    row.button = h("button", { type: "button", "aria-expanded": "false", title: "All counters of this function" }, nameParts(name));
    row.button.addEventListener("click", () => expand(row));
    cells[0].append(row.button);
  }
  return row;
}

/** What a function has done that only writes; in another colour what it should not have to. */
function written(f) {
  const of = (n, one, many = one) => (n > 0 ? [count(n, one, many)] : []);
  const bad = (n, one, many = one) => of(n, one, many).map((text) => h("span", { class: "bad" }, text));
  // What another process has flushed is not known here.
  const waiting = f.batches || f.batch_failures ? f.queued - f.flushed - f.replaced - f.dead_letters : 0;
  const parts = [
    of(f.invalidations, "key invalidated", "keys invalidated"), of(f.queued, "queued"), of(f.flushed, "flushed"),
    of(f.replaced, "replaced"), of(waiting, "not flushed here"), of(f.batches, "batch", "batches"),
    bad(f.batch_failures, "batch failed", "batches failed"), bad(f.dead_letters, "dead letter", "dead letters"),
    bad(f.refused, "write refused", "writes refused"), of(f.store_errors, "store error", "store errors"),
    of(notStored(f), "value not stored", "values not stored"), of(f.bypassed, "bypassed"),
  ].flat();
  return parts.length ? parts.flatMap((part, i) => (i ? [", ", part] : [part])) : ["nothing yet"];
}

function fillRow(row, f, history) {
  const writer = !requests(f) && !f.loads && row.name !== "total";
  row.writes.hidden = !writer;
  [row.trend, ...row.cells.slice(1)].forEach((cell) => (cell.hidden = writer));
  row.writes.replaceChildren(...(writer ? written(f) : []));
  COLUMNS.forEach((column, i) => {
    const cell = row.cells[i];
    if (column.key === "name") return;
    const value = valueOf(column, f);
    if (cell.dataset.value === String(value)) return;
    cell.dataset.value = value;
    const none = value < 0;
    cell.classList.toggle("zero", none || !value);
    cell.classList.toggle("bad", Boolean(column.bad && value));
    if (column.key === "rate" && !none) return rateCell(cell, f);
    say(cell, none ? "–" : column.time ? brief(value) : whole.format(value));
  });
  if (history) sparkline(row.trend, history);
  if (row.more) counters(row, f);
}

function rateCell(cell, f) {
  const fill = h("span", {});
  fill.style.width = `${(100 * answered(f)) / requests(f)}%`;
  cell.replaceChildren(`${percent(answered(f), requests(f))} %`, h("span", { class: "meter", "aria-hidden": "true" }, fill));
}

/** The hit rate of ten minutes, or what there is of them, from 0 at the bottom to 100 % at the top. */
function sparkline(cell, { requests, answered }) {
  const [width, height, places] = [72, 20, Math.max(requests.length, 12)];
  const x = (i) => width - ((requests.length - 1 - i) * width) / (places - 1);
  let [d, pen] = ["", "M"];
  requests.forEach((n, i) => {
    if (!n) return (pen = "M");
    const y = height - 2 - (answered[i] / n) * (height - 4);
    d += `${pen}${x(i).toFixed(1)} ${y.toFixed(1)}`;
    if (pen === "M" && !requests[i + 1]) d += "h.01";
    pen = "L";
  });
  const drawing = s("svg", { width, height, class: "hit", role: "img", "aria-label": "hit rate over the last ten minutes" },
    s("line", { class: "base", x1: 0, x2: width, y1: height - 1.5, y2: height - 1.5 }),
    s("path", { class: "line", d }));
  cell.replaceChildren(drawing);
}

/** Opens or closes what else there is to know of a function. */
function expand(row) {
  const open = !row.more;
  row.button.setAttribute("aria-expanded", open);
  if (!open) {
    row.more.remove();
    row.more = null;
    return;
  }
  row.more = h("tr", { class: "more" }, h("td", { colspan: COLUMNS.length + 1 }));
  row.tr.after(row.more);
  counters(row, table.stats.find((f) => f.name === row.name));
}

/** Every field of the document, whatever comes to be added to it. */
function counters(row, f) {
  const words = (key) => key.replaceAll("_", " ");
  const one = (name, text) => h("div", {}, h("dt", {}, name), h("dd", {}, text));
  const fields = Object.entries(f).flatMap(([key, value]) => {
    if (typeof value === "number") return [one(words(key), whole.format(value))];
    if (key === "not_stored") return Object.entries(value).map(([why, n]) => one(`not stored: ${words(why)}`, whole.format(n)));
    if (!value?.count) return [];
    return ["p50", "p95", "p99", "max"].map((q) => one(`${words(key)} ${q}`, brief(value[`${q}_us`])));
  });
  row.more.firstChild.replaceChildren(h("dl", { class: "all" }, fields));
}

/** Puts the rows into their order, and leaves out those that the filter does. */
function arrange(now) {
  const column = COLUMNS.find(({ key }) => key === table.sort);
  for (const th of byId("table").querySelectorAll("th[data-key]")) {
    if (th.dataset.key === table.sort) th.setAttribute("aria-sort", table.up ? "ascending" : "descending");
    else th.removeAttribute("aria-sort");
  }
  const wanted = byId("filter").value.trim().toLowerCase();
  const order = (a, b) => (a < b ? -1 : a > b ? 1 : 0) * (table.up ? 1 : -1);
  const shown = table.stats
    .filter((f) => f.name.toLowerCase().includes(wanted))
    .sort((a, b) => order(valueOf(column, a), valueOf(column, b)) || (a.name < b.name ? -1 : 1))
    .map((f) => table.rows.get(f.name));
  const settled = !now && table.busy && shown.every((row) => row.tr.isConnected);
  const rows = shown.flatMap((row) => [row.tr, row.more].filter(Boolean));
  if (!settled && rows.some((tr, i) => table.body.children[i] !== tr)) {
    const focus = document.activeElement;
    table.body.replaceChildren(...rows);
    if (focus?.isConnected && focus !== document.activeElement) focus.focus({ preventScroll: true });
  }
  if (table.body.children.length > rows.length) table.body.replaceChildren(...rows);
  const none = byId("none");
  none.hidden = rows.length > 0;
  say(none, table.stats.length ? "No function’s name has that in it." : "No annotated function was called yet.");
}

/** What a document says, into the table. */
function functions({ functions, history, total }) {
  table.stats = functions;
  for (const f of functions) {
    if (!table.rows.has(f.name)) table.rows.set(f.name, makeRow(f.name));
    fillRow(table.rows.get(f.name), f, history.functions[f.name]);
  }
  table.total ??= makeRow("total", true);
  fillRow(table.total, total);
  if (functions.length > 1) table.foot.replaceChildren(table.total.tr);
  byId("scroll").hidden = !functions.length;
  byId("filter").hidden = functions.length < MANY;
  say(byId("h-functions"), functions.length > 1 ? `${functions.length} functions` : "Functions");
  arrange(false);
}

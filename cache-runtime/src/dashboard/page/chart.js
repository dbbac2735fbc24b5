// Charts over one common axis of time, drawn by hand as SVG; a pointer or the arrow keys read them all out.

/** Each point is what happened in so many steps up to it. */
const SMOOTH = 10;

/** The history as points: the time of each, and rates over the steps before it. */
function timeline(history) {
  const times = [];
  const length = history.ms.reduce((sum, ms) => sum + ms, 0);
  let time = history.until - length;
  for (const ms of history.ms) times.push((time += ms));
  const trailing = (series) => {
    let sum = 0;
    return series.map((n, i) => (sum += n - (series[i - SMOOTH] ?? 0)));
  };
  const [took, asked, hits, loads, failed] =
    [history.ms, history.requests, history.answered, history.loads, history.load_failures].map(trailing);
  const perSecond = (series) => series.map((n, i) => (1000 * n) / took[i]);
  const span = Math.min(Math.max(length, 60_000), 600_000);
  return {
    times, asked, hits,
    from: history.until - span, until: history.until,
    rate: hits.map((n, i) => (asked[i] ? n / asked[i] : null)),
    requests: perSecond(asked), loads: perSecond(loads), failed: perSecond(failed),
    load: [history.load_p50_us, history.load_p99_us],
    store: [history.store_p50_us, history.store_p99_us],
    breaker: history.breaker,
  };
}

/** What all charts share: the last history, and the step that is read out. */
const axis = { line: null, charts: [], at: null };

function point(at) {
  const last = (axis.line?.times.length ?? 0) - 1;
  axis.at = at == null || last < 0 ? null : Math.max(0, Math.min(last, at));
  axis.charts.forEach((chart) => chart.read());
}

/** A round number at or above `n`, whose half is round too. */
function ceiling(n) {
  const power = 10 ** Math.floor(Math.log10(Math.max(n, 1e-9)));
  return [1, 2, 3, 4, 6, 8, 10].map((step) => step * power).find((round) => round >= n);
}

class Chart {
  /** `draw` gets the chart and the timeline, if `some` finds anything to draw; `legend` says what stands above it at a step. */
  constructor(id, { height, name, scale, some, draw, legend }) {
    Object.assign(this, { height, name, scale, some, draw, legend, width: 0 });
    this.root = byId(id);
    this.head = h("div", { class: "legend" });
    this.svg = s("svg", { height, "aria-hidden": "true" });
    this.frame = h("div", { role: "slider", tabindex: "0", "aria-label": name, "aria-valuemin": 0 }, this.svg);
    this.root.append(this.head, this.frame);
    axis.charts.push(this);
    new ResizeObserver(() => {
      this.width = this.frame.clientWidth;
      this.show();
    }).observe(this.frame);
    this.listen();
  }

  listen() {
    const seek = (event) => {
      const { times, from, until } = axis.line ?? {};
      if (!times?.length) return;
      const left = this.frame.getBoundingClientRect().left + LEFT;
      const time = from + ((event.clientX - left) / (this.width - LEFT - RIGHT)) * (until - from);
      const after = times.findIndex((t) => t >= time);
      point(after < 0 ? times.length - 1 : after);
    };
    this.frame.addEventListener("pointermove", seek);
    this.frame.addEventListener("pointerdown", seek);
    this.frame.addEventListener("pointerleave", () => point(null));
    this.frame.addEventListener("blur", () => point(null));
    this.frame.addEventListener("keydown", (event) => {
      const last = (axis.line?.times.length ?? 0) - 1;
      const now = axis.at ?? last;
      const step = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1, PageDown: -30, PageUp: 30 }[event.key];
      const to = event.key === "Home" ? 0 : event.key === "End" ? last : step && now + step;
      if (event.key === "Escape") point(null);
      else if (to != null) point(to);
      else return;
      event.preventDefault();
    });
  }

  x(time) {
    const { from, until } = axis.line;
    return LEFT + ((time - from) / (until - from)) * (this.width - LEFT - RIGHT);
  }

  /** Draws everything anew: a few hundred points once a second. */
  show() {
    if (!axis.line || !this.width) return;
    const { ticks, y } = this.scale(axis.line, this.height - BOTTOM);
    this.y = y;
    const right = this.width - RIGHT;
    const grid = ticks.map(([value, label]) => [
      s("line", { class: "grid", x1: LEFT, x2: right, y1: y(value), y2: y(value) }),
      s("text", { x: LEFT - 9, y: y(value) + 4, "text-anchor": "end" }, label),
    ]);
    this.cursor = s("g", {});
    const drawing = this.some(axis.line) ? this.draw(this, axis.line) : [this.empty()];
    this.svg.replaceChildren(...grid.flat(), ...this.hours(), ...this.down(), ...drawing, this.cursor);
    this.read();
  }

  empty() {
    const middle = { x: (LEFT + this.width - RIGHT) / 2, y: (this.height - BOTTOM) / 2 - 8, "text-anchor": "middle" };
    return s("text", { class: "empty", ...middle }, "no calls yet");
  }

  /** The time of day, at round distances. */
  hours() {
    const { from, until } = axis.line;
    const perPixel = (until - from) / (this.width - LEFT - RIGHT);
    const fits = (ms) => ms >= perPixel * (ms < 60_000 ? 96 : 60);
    const step = [10, 20, 30, 60, 120, 300, 600].map((n) => n * 1000).find(fits) ?? 600_000;
    const marks = [];
    for (let t = Math.ceil(from / step) * step; t <= until; t += step) {
      const x = this.x(t);
      if (x < LEFT + 20 || x > this.width - 28) continue;
      marks.push(s("text", { x, y: this.height - 3, "text-anchor": "middle" }, clock(t, step < 60_000)));
    }
    return marks;
  }

  /** Hatched: the breaker was not closed. */
  down() {
    const { times, breaker } = axis.line;
    const shapes = [];
    for (let i = 0; i < breaker.length; i++) {
      if (!breaker[i]) continue;
      const start = Math.max(this.x(times[i - 1] ?? times[i] - 1000), LEFT);
      while (breaker[i + 1]) i++;
      const [end, floor] = [this.x(times[i]), this.height - BOTTOM];
      shapes.push(s("rect", { class: "downpaper", x: start, y: 0, width: Math.max(end - start, 1), height: floor }));
      for (let x = start + 3; x < end; x += 6) {
        shapes.push(s("line", { class: "down", x1: x, x2: Math.min(x + 3, end), y1: floor, y2: floor - 5 }));
      }
      // At the end, for the line of hits falls through the beginning.
      if (end - start > 76 && this === axis.charts[0]) shapes.push(s("text", { x: end - 6, y: 24, "text-anchor": "end" }, "breaker open"));
    }
    return shapes;
  }

  /** A line through the values; it breaks where there is none. `base` makes it an area. */
  path(values, kind, base) {
    const { times } = axis.line;
    let [d, run] = ["", []];
    const end = () => {
      if (!run.length) return;
      const points = run.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`);
      if (base) d += `M${points.join("L")}L${run.slice().reverse().map(([x, , b]) => `${x.toFixed(1)} ${b.toFixed(1)}`).join("L")}Z`;
      else d += `M${points.join("L")}${run.length > 1 ? "" : "h.01"}`;
      run = [];
    };
    values.forEach((value, i) => {
      // A step can be long: what began before the axis does is not on it.
      if (value == null || times[i] < axis.line.from) return end();
      run.push([this.x(times[i]), this.y(value), base && this.y(base[i] ?? value)]);
    });
    end();
    return s("path", { class: kind, d });
  }

  /** The legend, which is a read-out where somebody points; what is now stands beside the chart. */
  read() {
    const { line } = axis;
    if (!line || !this.y) return;
    const at = axis.at ?? line.times.length - 1;
    const parts = this.legend(line, at);
    const when = axis.at == null ? null : h("span", { class: "at" }, clock(line.times[at]));
    this.head.replaceChildren(...[when].filter(Boolean), ...parts.map(({ kind, thin, name, text }) =>
      h("span", {}, h("i", { class: `${kind}${thin ? " thin" : ""}` }), name, when && h("b", {}, ` ${text}`))));
    const spoken = parts.map(({ name, text }) => `${name} ${text}`).join(", ");
    this.frame.setAttribute("aria-valuemax", Math.max(line.times.length - 1, 0));
    this.frame.setAttribute("aria-valuenow", Math.max(at, 0));
    this.frame.setAttribute("aria-valuetext", line.times.length ? `${clock(line.times[at])}: ${spoken}` : "no calls yet");
    const x = axis.at == null ? null : this.x(line.times[at]);
    this.cursor.replaceChildren(...(x == null ? [] : [
      s("line", { class: "cursor", x1: x, x2: x, y1: 0, y2: this.height - BOTTOM }),
      ...parts.filter((part) => part.value != null).map((part) =>
        s("circle", { class: `dot ${part.kind}`, cx: x, cy: this.y(part.value), r: 3.5 })),
    ]));
  }
}

/** Room for the figures at the left, the ends of lines at the right, and the time below. */
const [LEFT, RIGHT, BOTTOM] = [52, 1, 20];

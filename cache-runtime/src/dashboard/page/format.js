// Elements and figures: everything that is shown becomes text here, and never markup.

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const byId = (id) => document.getElementById(id);

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === false || value == null) continue;
    element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child != null));
  return element;
}

/** An element of the page: `h("p", { class: "note" }, "text", …)`. */
const h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);

/** An element of a drawing. */
const s = (tag, attributes, ...children) =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

/** Sets a text, and touches nothing where it is the same. */
function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** A number with digits that mean something: `0.02`, `7.3`, `1,204`. */
function number(n) {
  if (n >= 9.95 || Number.isInteger(n)) return whole.format(n);
  return n < 0.095 ? Math.max(n, 0.01).toFixed(2) : n.toFixed(1);
}

/** A round number for an axis, which has room for a few characters: `600`, `20 k`. */
const short = (n) => (n >= 1e6 ? `${n / 1e6} M` : n >= 1e4 ? `${n / 1e3} k` : number(n));

/** Three digits: `8.41`, `84.1`, `841`. */
const three = (n) => (n < 9.995 ? n.toFixed(2) : n < 99.95 ? n.toFixed(1) : n.toFixed(0));

/** The two halves of a duration in microseconds: `["8.41", "ms"]`. */
function duration(us) {
  if (us < 1000) return [whole.format(us), "µs"];
  return us < 999_500 ? [three(us / 1e3), "ms"] : [three(us / 1e6), "s"];
}
const brief = (us) => (us == null ? "–" : duration(us).join(" "));

/** `94.2`: never a round 100 where something missed, nor 0 where something hit. */
function percent(part, all) {
  const value = (100 * part) / all;
  const kept = part < all ? Math.min(value, 99.9) : value;
  return (part > 0 ? Math.max(kept, 0.1) : kept).toFixed(1);
}

/** How long ago, in two units at most: `3 h 12 min`. */
function ago(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const units = [["d", 86_400], ["h", 3600], ["min", 60], ["s", 1]];
  const first = units.findIndex(([, size]) => seconds >= size);
  if (first < 0) return "0\u00a0s";
  let rest = seconds;
  const parts = units.slice(first, first + 2).map(([unit, size]) => {
    const count = Math.floor(rest / size);
    rest -= count * size;
    return count ? `${count}\u00a0${unit}` : null;
  });
  return parts.filter(Boolean).join(" ");
}

const clock = (ms, seconds = true) =>
  new Date(ms).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", second: seconds ? "2-digit" : undefined });

const bytes = (n) => {
  const units = ["B", "KB", "MB", "GB", "TB"];
  const at = n < 1000 ? 0 : Math.min(4, Math.floor(Math.log10(n) / 3));
  return `${at ? three(n / 1000 ** at) : n} ${units[at]}`;
};

/** The calls that had to do with the store: those that it answered, and all. */
const answered = (f) => f.hits + f.negative_hits + f.stale_hits;
const requests = (f) => answered(f) + f.misses;

/** A large figure. `data-value` is what the document says; the unit is smaller than the digits. */
function figure(id, value, text, unit) {
  const output = byId(id);
  if (value == null) {
    output.removeAttribute("data-value");
    return say(output, "–");
  }
  output.dataset.value = value;
  if (output.textContent === text + (unit ?? "")) return;
  output.classList.toggle("long", text.length > 9);
  output.replaceChildren(text, unit ? h("span", { class: "unit" }, unit) : "");
}

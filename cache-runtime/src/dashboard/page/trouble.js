// For whoever is woken at night: a sentence for each problem, the worst first.

/** The fewest calls from which a rate is meaningful. */
const FEW = 100;

/** By how much a hit rate has to fall before the page says so. */
const FALL = 0.3;

const inTheLast = ({ ms }) => (ms > 50_000 && ms < 90_000 ? "in the last minute" : `in the last ${ago(ms)}`);
const sum = (numbers) => numbers.reduce((all, n) => all + n, 0);
const count = (n, one, many) => `${whole.format(n)} ${n === 1 ? one : many}`;

/** The hit rate of the best minute, if it is far lower now. */
function fallenFrom({ latest, history }) {
  if (latest.requests < FEW) return null;
  let best = null;
  for (let from = 0; from + 60 <= history.ms.length; from += 10) {
    const [asked, hits] = [history.requests, history.answered].map((series) => sum(series.slice(from, from + 60)));
    if (asked >= FEW && (!best || hits / asked > best[0] / best[1])) best = [hits, asked];
  }
  const lost = best && best[0] / best[1] - latest.answered / latest.requests >= FALL;
  return lost ? `${percent(...best)} %` : null;
}

/** All problems, each as a kind, a headline and a text. */
function troubles(doc) {
  const found = [unreachable, staleValues, droppedInvalidations, failingLoads, deadLetters, outboxBehind, heldUp, refusedWrites, failingStore, fallen, catchingUp];
  const problems = found.map((check) => check(doc)).filter(Boolean);
  return [...problems.filter(([kind]) => kind === "bad"), ...problems.filter(([kind]) => kind !== "bad")];
}

/** The functions whose counter is not zero. */
function where({ functions }, counter) {
  const names = functions.filter((f) => f[counter]).map((f) => f.name);
  return names.length > 3 ? `${names.slice(0, 3).join(", ")} and ${names.length - 3} more` : names.join(", ");
}

function unreachable({ store }) {
  const name = KINDS[store.kind] ?? store.kind;
  if (store.kind === "disabled") return ["warn", "The cache is off.", "Functions run as if they had no attribute."];
  if (store.breaker === "open") return ["bad", "The breaker is open.", `${name} does not answer; calls no longer ask it, and functions load without the cache.${pending(store)}`];
  if (store.breaker === "half_open") return ["warn", "The breaker is half open.", `One call tests whether ${name} answers again; the others load without the cache.${pending(store)}`];
  return null;
}

function pending({ pending_invalidations: n }) {
  return n ? ` ${count(n, "invalidation is", "invalidations are")} pending.` : "";
}

function catchingUp({ store }) {
  return store.breaker === "closed" && store.pending_invalidations ? ["warn", "Catching up.", pending(store).trim()] : null;
}

function staleValues(doc) {
  const stale = sum(doc.history.stale_detected);
  return stale ? ["bad", "Stale values.", `${count(stale, "audited hit", "audited hits")} differed from the source ${inTheLast({ ms: sum(doc.history.ms) })}, and no write explains it: ${where(doc, "stale_detected")}.`] : null;
}

function droppedInvalidations({ history }) {
  const dropped = sum(history.dropped);
  return dropped ? ["bad", "Invalidations were dropped.", `${whole.format(dropped)} ${inTheLast({ ms: sum(history.ms) })}: values from before those writes may be served until they expire.`] : null;
}

function failingLoads(doc) {
  const { load_failures: failed, loads } = doc.recent;
  return failed ? [2 * failed >= loads ? "bad" : "warn", "Loads fail.", `${whole.format(failed)} of ${whole.format(Math.max(loads, failed))} ${inTheLast(doc.recent)}: ${where(doc, "load_failures")}.`] : null;
}

function deadLetters(doc) {
  const dead = sum(doc.history.dead_letters);
  return dead ? ["bad", "Dead letters.", `The database has refused ${count(dead, "queued write", "queued writes")} ${inTheLast({ ms: sum(doc.history.ms) })}: ${where(doc, "dead_letters")}.`] : null;
}

/** An outbox is behind when its oldest change has waited for so many milliseconds. */
const LATE = 5000;
const late = (outbox) => outbox.oldest_ms >= LATE;

/** Behind it, or with a follower that fails; the first is worse, since readers get old values meanwhile. */
function outboxBehind({ outboxes, recent }) {
  const [worst] = outboxes.filter(late).sort((a, b) => b.oldest_ms - a.oldest_ms);
  if (worst) return [worst.oldest_ms >= 60_000 ? "bad" : "warn", "An outbox is behind.", `${count(worst.backlog, "change waits", "changes wait")} in ${worst.name}, the oldest for ${ago(worst.oldest_ms)}: until they are invalidated, the old values are served.`];
  const failing = outboxes.filter(({ failures }) => failures).map(({ name }) => name).join(", ");
  return recent.outbox_failures ? ["warn", "A follower fails.", `${count(recent.outbox_failures, "time", "times")} ${inTheLast(recent)}: ${failing}.`] : null;
}

/** A process only sees what it adds to a queue and takes from it, so one that takes nothing says nothing. */
function heldUp(doc) {
  const { queued, flushed, replaced, dead_letters, batch_failures: failed } = doc.recent;
  const left = flushed + replaced + dead_letters;
  const behind = (left || failed) && queued - left > Math.max(FEW, queued / 2);
  if (!failed && !behind) return null;
  const what = failed ? `${count(failed, "batch", "batches")} failed: ${where(doc, "batch_failures")}. ` : "";
  return ["warn", failed ? "Write-behind is held up." : "Write-behind falls behind.", `${what}${whole.format(queued)} queued and ${whole.format(left)} written ${inTheLast(doc.recent)}.`];
}

function refusedWrites(doc) {
  const { refused } = doc.recent;
  return refused ? ["warn", "Writes were refused.", `${whole.format(refused)} ${inTheLast(doc.recent)}, before they began, because their keys could not be fenced: ${where(doc, "refused")}.`] : null;
}

/** An open breaker says more. One of many operations may fail. */
function failingStore({ store, latest }) {
  if (store.breaker !== "closed" || !latest.failures || 100 * latest.failures < latest.operations) return null;
  return ["warn", "The store fails.", `${whole.format(latest.failures)} of ${whole.format(Math.max(latest.operations, latest.failures))} operations ${inTheLast(latest)}.`];
}

function fallen(doc) {
  const from = doc.store.breaker === "closed" && fallenFrom(doc);
  return from ? ["warn", "The hit rate has fallen.", `It is ${percent(doc.latest.answered, doc.latest.requests)} %, and was ${from}.`] : null;
}

/** Shows the problems. A screen reader hears of a new problem, but not of each change of its figures. */
function band(found) {
  const element = byId("band");
  element.hidden = !found.length;
  while (element.children.length > found.length) element.lastChild.remove();
  found.forEach(([kind, head, text], i) => {
    const line = element.children[i] ?? element.appendChild(h("p", {}));
    line.className = kind;
    if (line.textContent !== `${head} ${text}`) line.replaceChildren(h("b", {}, head), ` ${text}`);
  });
  say(byId("said"), found.map(([, head]) => head).join(" "));
  const title = byId("title").textContent;
  document.title = found.length ? `◆ ${found[0][1].replace(/\.$/, "")} · ${title}` : `${title} · cache`;
}

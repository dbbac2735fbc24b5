// What somebody who is woken at night has to read: a sentence for each thing that is wrong, the worst first.

/** From how many calls on a rate says something. */
const FEW = 100;

/** So much of a hit rate is lost when it is said to have fallen. */
const FALL = 0.3;

const inTheLast = ({ ms }) => (ms > 50_000 && ms < 90_000 ? "in the last minute" : `in the last ${ago(ms)}`);
const sum = (numbers) => numbers.reduce((all, n) => all + n, 0);
const count = (n, one, many) => `${whole.format(n)} ${n === 1 ? one : many}`;

/** What the hit rate has fallen from: that of its best minute, where it is far below that now. */
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

/** All that is wrong, each as a kind, a head and a text. */
function troubles(doc) {
  const found = [unreachable, staleValues, givenUp, failingLoads, deadLetters, heldUp, refusedWrites, failingStore, fallen, catchingUp];
  const told = found.map((look) => look(doc)).filter(Boolean);
  return [...told.filter(([kind]) => kind === "bad"), ...told.filter(([kind]) => kind !== "bad")];
}

/** The functions of which a counter has ever counted anything. */
function where({ functions }, counter) {
  const names = functions.filter((f) => f[counter]).map((f) => f.name);
  return names.length > 3 ? `${names.slice(0, 3).join(", ")} and ${names.length - 3} more` : names.join(", ");
}

function unreachable({ store }) {
  const name = KINDS[store.kind] ?? store.kind;
  if (store.kind === "disabled") return ["warn", "The cache is off.", "Functions run as if they had no attribute."];
  if (store.breaker === "open") return ["bad", "The breaker is open.", `${name} does not answer; calls leave it alone, and functions load for themselves.${debt(store)}`];
  if (store.breaker === "half_open") return ["warn", "The breaker is half open.", `One call tries whether ${name} answers again; the others load for themselves.${debt(store)}`];
  return null;
}

function debt({ pending_invalidations: owed }) {
  return owed ? ` ${count(owed, "invalidation is", "invalidations are")} owed to the store.` : "";
}

function catchingUp({ store }) {
  return store.breaker === "closed" && store.pending_invalidations ? ["warn", "Catching up.", debt(store).trim()] : null;
}

function staleValues(doc) {
  const stale = sum(doc.history.stale_detected);
  return stale ? ["bad", "Stale values.", `${count(stale, "audited hit", "audited hits")} differed from the source ${inTheLast({ ms: sum(doc.history.ms) })}, and no write explains it: ${where(doc, "stale_detected")}.`] : null;
}

function givenUp({ history }) {
  const dropped = sum(history.dropped);
  return dropped ? ["bad", "Invalidations were given up.", `${whole.format(dropped)} ${inTheLast({ ms: sum(history.ms) })}: what was cached before those writes may be served until it expires.`] : null;
}

function failingLoads(doc) {
  const { load_failures: failed, loads } = doc.recent;
  return failed ? [2 * failed >= loads ? "bad" : "warn", "Loads fail.", `${whole.format(failed)} of ${whole.format(Math.max(loads, failed))} ${inTheLast(doc.recent)}: ${where(doc, "load_failures")}.`] : null;
}

function deadLetters(doc) {
  const dead = sum(doc.history.dead_letters);
  return dead ? ["bad", "Dead letters.", `The database has refused ${count(dead, "queued write", "queued writes")} ${inTheLast({ ms: sum(doc.history.ms) })}: ${where(doc, "dead_letters")}.`] : null;
}

/** Of a queue one sees here what this process adds and takes; so nothing is said by one that takes nothing. */
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
  return refused ? ["warn", "Writes were refused.", `${whole.format(refused)} ${inTheLast(doc.recent)}, before they began, for the store could not be told: ${where(doc, "refused")}.`] : null;
}

/** A breaker that is open says more. Of many operations one may fail. */
function failingStore({ store, latest }) {
  if (store.breaker !== "closed" || !latest.failures || 100 * latest.failures < latest.operations) return null;
  return ["warn", "The store fails.", `${whole.format(latest.failures)} of ${whole.format(Math.max(latest.operations, latest.failures))} operations ${inTheLast(latest)}.`];
}

function fallen(doc) {
  const from = doc.store.breaker === "closed" && fallenFrom(doc);
  return from ? ["warn", "The hit rate has fallen.", `It is ${percent(doc.latest.answered, doc.latest.requests)} %, and was ${from}.`] : null;
}

/** Shows them; a reader of screens is told when another one is found, and not each time that its figures change. */
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

// A field that asks what stands under a key, where the page is mounted with one.

const explainAt = () => document.querySelector('meta[name="dashboard-explain"]').content;

/** What the server says of a key: a line for each thing, or why it says nothing. */
async function explained(question) {
  const address = new URL(explainAt(), source());
  const answer = await fetch(address, {
    method: "POST",
    headers: { "Content-Type": "text/plain" },
    body: question,
    cache: "no-store",
    signal: AbortSignal.timeout(5000),
  });
  if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`.trim());
  const { text, error } = await answer.json();
  return text ?? error;
}

function explaining() {
  if (!explainAt()) return;
  const told = byId("told");
  byId("explain").hidden = false;
  byId("ask").addEventListener("submit", async (event) => {
    event.preventDefault();
    const tags = byId("ask-tags").value.split(/\s+/).filter(Boolean);
    const question = [byId("ask-key").value.trim(), ...tags].join("\n");
    say(told, "…");
    try {
      say(told, await explained(question));
    } catch (error) {
      say(told, `No answer: ${error.message}`);
    }
  });
}

// The state of the server.

import { ask, keepAsking, make } from "./dom.js";

const MARKS = { ok: "✓", failed: "✗", skipped: "–", pending: "…" };
const WORDS = { ok: "well", failed: "wrong", skipped: "not needed", pending: "not known yet" };
const LANGUAGES_NAMED = 8;

const list = document.getElementById("state");
let shown = "";

function row({ check, state, message, remedy }) {
  const mark = make("span", { className: "mark", ariaHidden: "true" }, MARKS[state]);
  const name = make("strong", {}, check, make("span", { className: "unseen" }, ` (${WORDS[state]})`));
  const item = make("li", { className: state }, mark, make("div", {}, name, make("p", {}, message)));
  if (remedy) item.lastChild.append(make("p", { className: "remedy" }, remedy));
  return item;
}

const counted = (count, one, many) => `${count} ${count === 1 ? one : many}`;

const lost = (count) => (count ? `, ${count} replaced since the start` : "");

function engineLine({ engine, languages, readers, replaced, decoders, decoders_replaced }) {
  if (!engine) return "";
  const named = languages.slice(0, LANGUAGES_NAMED).join(", ");
  const more = languages.length > LANGUAGES_NAMED ? ` and ${languages.length - LANGUAGES_NAMED} more` : "";
  const ofReaders = `${counted(readers, "reader", "readers")}${lost(replaced)}`;
  const ofDecoders = `${counted(decoders, "image decoder", "image decoders")}${lost(decoders_replaced)}`;
  return `${engine}, ${ofReaders}; ${ofDecoders}. Languages: ${named}${more}.`;
}

keepAsking(async () => {
  const state = await ask("status/state");
  // Screen readers announce only the changes.
  if (JSON.stringify(state) !== shown) {
    shown = JSON.stringify(state);
    list.replaceChildren(...state.findings.map(row));
    document.getElementById("engine").textContent = engineLine(state);
    document.getElementById("engine").title = state.languages.join(", ");
    document
      .getElementById("languages")
      .replaceChildren(...state.languages.map((value) => make("option", { value })));
  }
  return state.findings.some((finding) => finding.state === "pending") ? 0.5 : 10;
});

// The accuracy of projects, and their learned versions.

import { ask, keepAsking, make } from "./dom.js";

const HEAD = [
  "Project", "Boxes", "Accepted unchanged", "Character error rate", "Keystrokes saved", "Keystrokes needed",
  "Typed by hand", "Learned version", "As of",
];

const place = document.getElementById("accuracy");
const note = document.getElementById("accuracy-note");
let shown = "";

const share = (value, digits) => (value == null ? "" : `${(100 * value).toFixed(digits)} %`);
const count = (value) => (value == null ? "" : value.toLocaleString("en"));

function rows({ project, at, figures, version, sentences }) {
  const cells = [
    project, count(figures.boxes), share(figures.accepted_share, 1), share(figures.cer, 2),
    count(figures.keystrokes_saved), count(figures.keystrokes_needed), count(figures.typed_by_hand),
    version ?? "none", at.replace("T", " ").slice(0, 16),
  ];
  const [first, ...others] = cells;
  const row = make(
    "tr", {}, make("th", { scope: "row" }, String(first)), ...others.map((cell) => make("td", {}, String(cell)))
  );
  if (!sentences.length) return [row];
  const all = make("td", { colSpan: HEAD.length - 1 }, ...sentences.map((sentence) => make("p", {}, sentence)));
  return [row, make("tr", { className: "learned" }, make("td"), all)];
}

keepAsking(async () => {
  const found = await ask("status/accuracy");
  if (JSON.stringify(found) !== shown) {
    shown = JSON.stringify(found);
    note.textContent = found.note;
    place.hidden = !found.projects.length;
    const head = make("tr", {}, ...HEAD.map((name) => make("th", { scope: "col" }, name)));
    place.replaceChildren(
      make("table", {}, make("thead", {}, head), make("tbody", {}, ...found.projects.flatMap(rows)))
    );
  }
  return found.note === "Looking …" ? 0.5 : 10;
});

// The lines of a whole page: drawn over it in the colour of their scores, listed in reading order, one of them selected.

import { make } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";

// In pixels of the screen.
const WIDEST_CROP = 640;

const HIGHEST_CROP = 110;
const SMALLEST_NUMBER = 10;

// Paper around the crop and around the outline of a line, in its heights: its own rectangle ends with the ink.
const CROP_MARGIN = 0.25;
const OUTLINE_MARGIN = 0.12;

const byId = (id) => document.getElementById(id);
const [panel, drawing, list, shown] = ["page-lines", "lines", "line-list", "line"].map(byId);
const accepted = Number(panel.dataset.accepted);
const doubtful = Number(panel.dataset.doubtful);

let found = null;
let page = null;
let selected = -1;

export function showLines(reading, image) {
  found = reading;
  page = image;
  drawing.setAttribute("viewBox", `0 0 ${reading.width} ${reading.height}`);
  drawing.replaceChildren(...reading.lines.map(drawn));
  list.replaceChildren(...reading.lines.map(row));
  drawing.toggleAttribute("hidden", false);
  panel.hidden = false;
  list.scrollTop = 0;
  select(Math.max(reading.lines.findIndex(({ score }) => score < accepted), 0));
}

export function hideLines() {
  found = null;
  selected = -1;
  drawing.toggleAttribute("hidden", true);
  drawing.replaceChildren();
  list.replaceChildren();
  list.removeAttribute("aria-activedescendant");
  shown.replaceChildren();
  panel.hidden = true;
}

// Where x and y are fractions of the page.
export function selectLineAt(x, y) {
  if (!found) return;
  const index = found.lines.findIndex((line) => contains(line, x * found.width, y * found.height));
  if (index >= 0) select(index);
}

function kind(score) {
  if (score >= accepted) return "sure";
  return score >= doubtful ? "unsure" : "doubtful";
}

const percent = (score) => `${Math.round(score * 100)} %`;

// --- On the page

function corners({ x, y, width, height, rotation }, margin = 0) {
  const angle = (rotation * Math.PI) / 180;
  const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
  const [left, right, top, bottom] = [-margin, width + margin, -margin, height + margin];
  return [[left, top], [right, top], [right, bottom], [left, bottom]].map(([u, v]) => [
    x + u * cosine - v * sine,
    y + u * sine + v * cosine,
  ]);
}

function contains({ x, y, width, height, rotation }, left, top) {
  const angle = (rotation * Math.PI) / 180;
  const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
  const u = (left - x) * cosine + (top - y) * sine;
  const v = (top - y) * cosine - (left - x) * sine;
  return u >= 0 && v >= 0 && u <= width && v <= height;
}

function svg(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function drawn(line, index) {
  const size = Math.max(Math.max(found.width, found.height) / 95, (SMALLEST_NUMBER * found.width) / page.clientWidth);
  const number = String(index + 1);
  const width = (number.length * 0.6 + 0.5) * size;
  const outline = corners(line, OUTLINE_MARGIN * line.height);
  const [[left, top]] = outline;
  const tag = { x: Math.max(left - width, 0), y: Math.max(top, 0) };
  return svg(
    "g",
    { class: kind(line.score) },
    svg("polygon", { class: "outline", points: outline.join(" ") }),
    ...line.words
      .filter(({ score }) => score < doubtful)
      .map((word) => svg("polygon", { class: "word", points: corners(word).join(" ") })),
    svg("rect", { class: "tag", ...tag, width, height: 1.2 * size, rx: size / 6 }),
    svg("text", { x: tag.x + width / 2, y: tag.y + 0.95 * size, "font-size": size, "text-anchor": "middle" }, number),
  );
}

// --- In the list

function row(line, index) {
  const number = make("span", { className: "number" }, String(index + 1));
  const text = make("span", {}, ...marked(line));
  const score = make("span", { className: "score" }, percent(line.score));
  const item = make("li", { id: `line-${index}`, className: kind(line.score) }, number, text, score);
  item.setAttribute("role", "option");
  item.addEventListener("click", () => select(index));
  return item;
}

// The text with its doubtful words marked.
function marked({ text, words }) {
  const parts = [];
  let rest = text;
  for (const word of words) {
    const at = word.score < doubtful ? rest.indexOf(word.text) : -1;
    if (at < 0) continue;
    parts.push(rest.slice(0, at), make("mark", {}, word.text));
    rest = rest.slice(at + word.text.length);
  }
  return [...parts, rest].filter((part) => part !== "");
}

function select(index) {
  drawing.children[selected]?.classList.remove("selected");
  list.children[selected]?.setAttribute("aria-selected", "false");
  selected = index;
  const item = list.children[index];
  drawing.children[index].classList.add("selected");
  item.setAttribute("aria-selected", "true");
  list.setAttribute("aria-activedescendant", item.id);
  // Not scrollIntoView(), which would move the page too.
  const bottom = item.offsetTop + item.offsetHeight;
  if (item.offsetTop < list.scrollTop) list.scrollTop = item.offsetTop;
  else if (bottom > list.scrollTop + list.clientHeight) list.scrollTop = bottom - list.clientHeight;
  shown.replaceChildren(...details(found.lines[index], index));
}

const KEYS = { ArrowUp: -1, ArrowDown: 1, PageUp: -10, PageDown: 10, Home: -Infinity, End: Infinity };

list.addEventListener("keydown", (event) => {
  if (!(event.key in KEYS) || event.ctrlKey || event.altKey || event.metaKey) return;
  select(Math.min(Math.max(selected + KEYS[event.key], 0), found.lines.length - 1));
  event.preventDefault();
});

// --- The selected line

function details(line, index) {
  const how = [line.engine, line.attempt, `${percent(line.score)} sure`].filter(Boolean).join(", ");
  return [
    crop(line, index),
    make("pre", { className: "text" }, ...marked(line)),
    make("p", { className: kind(line.score) }, `Line ${index + 1}: ${how}`),
  ];
}

function crop({ x, y, width, height, rotation }, index) {
  const margin = CROP_MARGIN * height;
  const [across, down] = [width + 2 * margin, height + 2 * margin];
  const scale = Math.min(WIDEST_CROP / across, HIGHEST_CROP / down, 3);
  const canvas = make("canvas", { width: Math.ceil(across * scale), height: Math.ceil(down * scale) });
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `Line ${index + 1} on the page`);
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  pen.translate(margin, margin);
  pen.rotate((-rotation * Math.PI) / 180);
  pen.drawImage(page, -x, -y, found.width, found.height);
  return canvas;
}

// A page to draw boxes on, or to read as a whole. Each box is sent to /predict in a request like Label Studio's.

import { hideLines, selectLineAt, showLines } from "./lines.js";
import { refresh } from "./readings.js";

// The options are values in the task's data, so that they need no escaping.
const LABELING_CONFIG = `<View>
  <Image name="page" value="$page"/>
  <RectangleLabels name="box" toName="page" smart="true"><Label value="Text"/></RectangleLabels>
  <TextArea name="text" toName="page" perRegion="true" editable="true" rows="3"
    model_lang="$lang" model_psm="$psm" model_charset="$charset" model_engine="$engine"/>
</View>`;

// In pixels of the screen. A smaller box counts as a click.
const A_CLICK = 4;

// In percent of the page, like all coordinates of boxes here.
const STEP = 1;
const SMALLEST = 1;
const FIRST_BOX = { x: 40, y: 45, width: 20, height: 5 };

const byId = (id) => document.getElementById(id);
const [sheet, page, mark, options, input] = ["sheet", "page", "box", "options", "file"].map(byId);
const samplePage = { src: page.getAttribute("src"), alt: page.alt };

let box = null;
let data = null; // promise of the page as a data: URL
let isWhole = false; // whether the whole page was read last
let latest = 0; // number of the last request; answers to earlier ones are ignored

// --- The page

function toAddress(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(new Error("The image cannot be read from the disk."));
    reader.readAsDataURL(blob);
  });
}

async function useSample() {
  show(samplePage.src, samplePage.alt);
  data = fetch(samplePage.src).then(async (answer) => {
    if (!answer.ok) throw new Error("The sample page is not there. Use an image of your own.");
    return toAddress(await answer.blob());
  });
  data.catch(() => {}); // reported when a box is read
}

function use(file) {
  const most = Number(input.dataset.mostBytes);
  if (file.size > most) {
    const megabytes = most < 1e7 ? (most / 1e6).toFixed(1) : Math.floor(most / 1e6);
    showResult("", `This image is larger than ${megabytes} MB. Use a smaller one, or raise MAX_REQUEST_MB.`, true);
    return;
  }
  show(URL.createObjectURL(file), `Your own image: ${file.name}`);
  data = toAddress(file);
  data.catch(() => {});
}

function show(src, alt) {
  if (page.src.startsWith("blob:")) URL.revokeObjectURL(page.src);
  page.src = src;
  page.alt = alt;
  setBox(null);
  hideLines();
  clear();
}

page.addEventListener("error", () => {
  showResult("", "This browser cannot show the image. Use PNG, JPEG, WebP, BMP or GIF.", true);
});

input.addEventListener("change", () => {
  if (input.files.length) use(input.files[0]);
  input.value = "";
});

byId("sample").addEventListener("click", useSample);

// Without this, dropping a file next to the page makes the browser open it.
for (const name of ["dragover", "drop"]) document.addEventListener(name, (event) => event.preventDefault());
document.addEventListener("dragover", () => sheet.classList.add("takes"));
for (const name of ["dragleave", "drop"]) document.addEventListener(name, () => sheet.classList.remove("takes"));
document.addEventListener("drop", (event) => {
  const file = [...event.dataTransfer.files].find(({ type }) => type.startsWith("image/"));
  if (file) use(file);
  else showResult("", "That is not an image. Use PNG, JPEG, WebP, BMP or GIF.", true);
});

// --- The box

const within = (number, low, high) => Math.min(Math.max(number, low), high);

function setBox(next) {
  box = next;
  mark.hidden = !box;
  if (!box) return;
  for (const [side, name] of [["left", "x"], ["top", "y"], ["width", "width"], ["height", "height"]]) {
    mark.style[side] = `${box[name]}%`;
  }
}

function place(event) {
  const { left, top, width, height } = page.getBoundingClientRect();
  return {
    x: within(((event.clientX - left) / width) * 100, 0, 100),
    y: within(((event.clientY - top) / height) * 100, 0, 100),
  };
}

function between(one, other) {
  return {
    x: Math.min(one.x, other.x),
    y: Math.min(one.y, other.y),
    width: Math.abs(one.x - other.x),
    height: Math.abs(one.y - other.y),
  };
}

let start = null;

sheet.addEventListener("pointerdown", (event) => {
  if (event.button !== 0 || !event.isPrimary) return;
  event.preventDefault(); // no selection, no dragging of the image
  sheet.focus({ preventScroll: true });
  sheet.setPointerCapture(event.pointerId);
  start = place(event);
  setBox(null);
});

sheet.addEventListener("pointermove", (event) => {
  if (start && event.isPrimary) setBox(between(start, place(event)));
});

sheet.addEventListener("pointerup", (event) => {
  if (!start || !event.isPrimary) return;
  const end = place(event);
  const drawn = between(start, end);
  start = null;
  const { width, height } = page.getBoundingClientRect();
  if ((drawn.width * width) / 100 < A_CLICK || (drawn.height * height) / 100 < A_CLICK) {
    setBox(null);
    selectLineAt(end.x / 100, end.y / 100);
    return;
  }
  setBox(drawn);
  read();
});

sheet.addEventListener("pointercancel", () => {
  start = null;
  setBox(null);
});

const WAYS = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };

sheet.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.key === "Enter" && box) read();
  else if (event.key === "Escape") {
    setBox(null);
    if (isWhole) {
      hideLines();
      clear();
    }
  }
  else if (event.key in WAYS) move(event.key, event.shiftKey);
  else return;
  event.preventDefault();
});

function move(key, resizes) {
  const [right, down] = WAYS[key];
  const { x, y, width, height } = box ?? FIRST_BOX;
  if (!box) setBox({ x, y, width, height });
  else if (resizes) {
    setBox({
      x,
      y,
      width: within(width + right, SMALLEST, 100 - x),
      height: within(height + down, SMALLEST, 100 - y),
    });
  } else {
    setBox({ x: within(x + right, 0, 100 - width), y: within(y + down, 0, 100 - height), width, height });
  }
  const [left, top, across, high] = [box.x, box.y, box.width, box.height].map(Math.round);
  byId("where").textContent = `Box at ${left} % from the left and ${top} % from the top, ${across} by ${high} %`;
}

// --- The request and the answer

options.addEventListener("submit", (event) => event.preventDefault());
options.addEventListener("change", repeat);
options.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.tagName === "INPUT") repeat();
});

byId("read-page").addEventListener("click", readPage);

function question(address) {
  const result = {
    id: `try-${latest}`,
    from_name: "box",
    to_name: "page",
    type: "rectanglelabels",
    original_width: page.naturalWidth,
    original_height: page.naturalHeight,
    image_rotation: 0,
    value: { ...box, rotation: 0, rectanglelabels: ["Text"] },
  };
  return {
    tasks: [{ data: { page: address, ...Object.fromEntries(new FormData(options)) } }],
    label_config: LABELING_CONFIG,
    params: { context: { result: [result] } },
  };
}

function repeat() {
  if (box) read();
  else if (isWhole) readPage();
}

function read() {
  isWhole = false;
  byId("prediction").hidden = false;
  hideLines();
  return send("predict", question, showAnswer);
}

function readPage() {
  isWhole = true;
  byId("prediction").hidden = true; // it is about boxes
  setBox(null);
  hideLines();
  showResult("", "Reading the page …");
  const chosen = Object.fromEntries(new FormData(options));
  return send("status/page", (address) => ({ page: address, ...chosen }), showReading);
}

async function send(path, toBody, onAnswer) {
  const own = ++latest;
  sheet.setAttribute("aria-busy", "true");
  try {
    const began = performance.now();
    const body = JSON.stringify(toBody(await data));
    const answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body,
    });
    const json = await answer.json();
    if (own === latest) {
      byId("json").textContent = path === "predict" ? JSON.stringify(json, null, 2) : "";
      if (json.error) showResult("", `${json.error.message} ${json.error.remedy}`, true);
      else onAnswer(json, performance.now() - began);
    }
  } catch (error) {
    const lost = error instanceof TypeError;
    if (own === latest) showResult("", lost ? "This server does not answer." : error.message, true);
  }
  if (own === latest) sheet.removeAttribute("aria-busy");
  refresh();
}

function showReading(found, milliseconds) {
  if (!found.lines.length) {
    showResult("", "No text found.", true);
    return;
  }
  const lines = found.lines.length === 1 ? "1 line" : `${found.lines.length} lines`;
  showResult("", `${lines}, ${Math.round(found.score * 100)} % sure, ${Math.round(milliseconds)} ms`);
  showLines(found, page);
}

function showAnswer(json, milliseconds) {
  const results = json.results[0].result;
  const text = results.find(({ type }) => type === "textarea");
  if (text) {
    const { confidence, engine } = text.meta.suggestion;
    showResult(text.value.text[0], `${Math.round(confidence * 100)} % sure, ${engine}, ${Math.round(milliseconds)} ms`);
  } else {
    showResult("", results.flatMap(({ meta }) => meta?.text ?? []).join("\n"), true);
  }
}

function showResult(text, note, failed = false) {
  byId("text").textContent = text;
  byId("note").textContent = note;
  byId("note").className = failed ? "failed" : "";
}

function clear() {
  latest += 1;
  isWhole = false;
  byId("prediction").hidden = false;
  sheet.removeAttribute("aria-busy");
  showResult("", "The text appears here as soon as a box is drawn.");
  byId("json").textContent = "";
}

useSample();

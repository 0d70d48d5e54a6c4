// The recent readings, newest first.

import { ask, keepAsking, make } from "./dom.js";

const STAGES = ["fetch", "decode", "wait", "read"];
const CAPTIONS = { drawn: "As drawn", seen: "As the engine saw it" };
const SAME = "As drawn, and as the engine got it";
const SECONDS = 2;

const list = document.getElementById("readings");
const most = Number(list.dataset.most);
let last = 0;

function picture(reading, kind) {
  const caption = reading.pictures.length > 1 ? CAPTIONS[kind] : SAME;
  const image = make("img", {
    loading: "lazy",
    src: `status/readings/${reading.number}/${kind}.png`,
    alt: `Box with: ${reading.text || "no text"}`,
  });
  const figure = make("figure", {}, image, make("figcaption", {}, caption));
  // Evicted by newer readings.
  image.addEventListener("error", () => figure.remove());
  return figure;
}

function outcome({ text, confidence, failure }) {
  if (failure) {
    const remedy = make("span", { className: "remedy" }, failure.remedy);
    return make("p", { className: "failed" }, make("strong", {}, failure.message), " ", remedy);
  }
  if (confidence === null) return make("p", {}, "Nothing is written there.");
  const percent = `${Math.round(confidence * 100)} %`;
  const meter = make("meter", { min: 0, max: 1, low: 0.65, high: 0.88, optimum: 1, value: confidence }, percent);
  meter.setAttribute("aria-label", "Confidence");
  return make("div", {}, make("pre", { className: "text" }, text), make("p", {}, meter, ` ${percent} sure`));
}

function times({ milliseconds, total_milliseconds: total }) {
  const bar = make("div", { className: "bar", ariaHidden: "true" });
  const words = [];
  for (const stage of STAGES.filter((name) => name in milliseconds)) {
    const part = make("span", { className: stage });
    part.style.flexGrow = milliseconds[stage];
    bar.append(part);
    words.push(make("span", {}, make("i", { className: `key ${stage}` }), `${stage} ${rounded(milliseconds[stage])} ms`));
  }
  words.push(make("span", {}, `${rounded(total)} ms in all`));
  return make("div", { className: "times" }, bar, make("p", {}, ...words));
}

function rounded(number) {
  return number < 10 ? number.toFixed(1) : number.toFixed(0);
}

function details(reading) {
  const parts = [
    new Date(reading.began * 1000).toLocaleTimeString(),
    reading.task === null ? "" : `task ${reading.task}`,
    `region ${reading.region}`,
    reading.request && `request ${reading.request}`,
    reading.engine,
    reading.languages,
    reading.preparation || (reading.psm && `psm ${reading.psm}`),
    reading.turned ? `turned by ${reading.turned}°` : "",
    reading.charset && `only ${reading.charset}`,
  ];
  return make("p", { className: "details" }, parts.filter(Boolean).join(" · "));
}

function row(reading) {
  const pictures = make("div", { className: "pictures" }, ...reading.pictures.map((kind) => picture(reading, kind)));
  const facts = make("div", {}, outcome(reading), times(reading), details(reading));
  return make("li", { className: reading.failure ? "is-failed" : "" }, pictures, facts);
}

export const refresh = keepAsking(async () => {
  const { readings } = await ask(`status/readings?after=${last}`);
  const news = readings.filter(({ number }) => number > last);
  if (news.length) {
    last = news[0].number;
    list.prepend(...news.map(row));
    while (list.children.length > most) list.lastChild.remove();
    document.getElementById("none").hidden = true;
  }
  return SECONDS;
});

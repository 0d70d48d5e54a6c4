// Values from pages and requests are inserted as text, never as markup.

export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

export async function ask(path) {
  const answer = await fetch(path, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  return answer.json();
}

// Polls while the page is visible; `ask` returns the seconds until the next call.
export function keepAsking(ask) {
  let timer;
  async function next() {
    clearTimeout(timer);
    if (document.hidden) return;
    let seconds = 5;
    try {
      seconds = await ask();
      lost(false);
    } catch {
      lost(true);
    }
    clearTimeout(timer);
    timer = setTimeout(next, seconds * 1000);
  }
  document.addEventListener("visibilitychange", next);
  next();
  return next;
}

function lost(is) {
  document.getElementById("lost").hidden = !is;
}

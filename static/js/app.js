/* Comforts. Every page is whole without this file: it adds copying, filtering, keys and careful refreshing. */
"use strict";

const all = (selector, root = document) => [...root.querySelectorAll(selector)];

/* Controls that only work with a script are in the page, hidden, until here. */
function reveal(root) {
  all("[data-js], button[data-copy], button[data-keys]", root).forEach((element) => { element.hidden = false; });
}

/* Copy: the button's own value, or the code it stands beside. */
async function copy(button) {
  const beside = button.closest(".snippet")?.querySelector("code");
  const text = button.dataset.copy || beside?.textContent.trim() || "";
  const said = button.firstChild;
  const before = button.dataset.word ?? said.textContent;
  button.dataset.word = before;
  try {
    await navigator.clipboard.writeText(text);
    said.textContent = "Copied";
  } catch {
    if (beside) getSelection().selectAllChildren(beside);
    said.textContent = beside ? "Press Ctrl+C" : "Not copied";
  }
  setTimeout(() => { said.textContent = before; }, 1600);
}

/* Files: filter by words, show only what needs a decision, sort by a column. */
function filterFiles(table) {
  const words = document.querySelector(`[data-filter="${table.id}"]`)?.value.toLowerCase().split(/\s+/) ?? [];
  const only = document.querySelector(`[data-only="${table.id}"]`)?.checked;
  let shown = 0;
  for (const body of table.tBodies) {
    const text = body.rows[0].textContent.toLowerCase();
    const quiet = ["match", "none"].includes(body.rows[0].dataset.evidence);
    body.hidden = !words.every((word) => text.includes(word)) || (only && quiet);
    shown += body.hidden ? 0 : 1;
  }
  const count = document.querySelector(`[data-count="${table.id}"]`);
  if (count) count.textContent = shown === table.tBodies.length ? "" : `${shown} of ${table.tBodies.length} files`;
}

const keyOf = {
  file: (row) => row.dataset.file,
  size: (row) => Number(row.dataset.size),
  evidence: (row) => ["mismatch", "conflict", "missing", "none", "match"].indexOf(row.dataset.evidence),
  staged: (row) => row.querySelector(".c-staged time")?.dateTime ?? "",
};

function sortFiles(head) {
  const table = head.closest("table");
  const key = keyOf[head.dataset.sort];
  const down = head.getAttribute("aria-sort") === "ascending";
  all("th[aria-sort]", table).forEach((other) => other.removeAttribute("aria-sort"));
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  const order = (a, b) => (a < b ? -1 : a > b ? 1 : 0) * (down ? -1 : 1);
  [...table.tBodies].sort((a, b) => order(key(a.rows[0]), key(b.rows[0]))).forEach((body) => table.append(body));
}

function makeSortable(root) {
  for (const head of all("th[data-sort]", root)) {
    if (head.querySelector("button")) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => sortFiles(head));
  }
}

/* Files dropped on the text area go with the form's files, whose names say what they are of; text becomes its text. */
function acceptDrops(root) {
  for (const area of all("textarea[data-drop]", root)) {
    const over = (event) => { event.preventDefault(); area.classList.add("dropping"); };
    const out = () => area.classList.remove("dropping");
    area.addEventListener("dragenter", over);
    area.addEventListener("dragover", over);
    area.addEventListener("dragleave", out);
    area.addEventListener("drop", (event) => {
      event.preventDefault();
      out();
      const input = area.form?.querySelector("input[type=file]");
      const dropped = [...event.dataTransfer.files];
      if (!input || !dropped.length) { area.value += event.dataTransfer.getData("text"); return; }
      const every = new DataTransfer();
      for (const file of [...input.files, ...dropped]) every.items.add(file);
      input.files = every.files;
    });
  }
}

/* Links into the page open the section and the row they point at. */
function openTarget() {
  const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  for (let node = target; node; node = node.parentElement) if (node.localName === "details") node.open = true;
  const toggle = target.querySelector(":scope > tr .toggle");
  if (toggle) toggle.open = true;
  if (target.hidden) target.hidden = false;
  target.scrollIntoView({ block: "start" });
  (target.querySelector("summary") ?? target).focus({ preventScroll: true });
}

/* Arrow keys in the coverage grid. */
function moveInGrid(event) {
  const cell = event.target.closest?.("[data-grid] td");
  const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
  if (!cell || !step) return;
  const rows = cell.closest("table").rows;
  const start = (one) => Number(one.dataset.at);
  // A wheel that serves several Pythons stands in one cell across their columns.
  const cellAt = (row, column) => [...(rows[row]?.querySelectorAll("td[data-at]") ?? [])].find((one) => start(one) <= column && column < start(one) + one.colSpan);
  let [row, column, next] = [cell.parentElement.rowIndex, start(cell), cell];
  do {
    row += step[0];
    column = step[1] > 0 ? start(next) + next.colSpan : step[1] < 0 ? start(next) - 1 : column;
    next = cellAt(row, column);
    const link = next?.querySelector("a");
    if (link) { event.preventDefault(); link.focus(); return; }
  } while (next);
}

/* Single keys, which each browser may switch off (WCAG 2.1.4). */
let at = -1;
function jump(step) {
  const stops = all('[data-blocker], [data-finding], [data-evidence="mismatch"], [data-evidence="conflict"]').filter((stop) => stop.checkVisibility());
  if (!stops.length) return;
  at = (at + step + stops.length) % stops.length;
  stops[at].tabIndex = -1;
  stops[at].focus();
  stops[at].scrollIntoView({ block: "center" });
}

const keys = {
  n: () => jump(1),
  p: () => jump(at < 0 ? 0 : -1),
  o: () => { const sections = all("details.section"); const open = sections.some((section) => !section.open); sections.forEach((section) => { section.open = open; }); },
  g: () => location.assign("/"),
  "/": () => all('input[type="search"]').find((input) => input.checkVisibility())?.focus(),
  "?": () => document.getElementById("keys")?.showModal(),
};

function onKey(event) {
  moveInGrid(event);
  const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (localStorage.getItem("keys") === "off" || !(event.key in keys)) return;
  event.preventDefault();
  keys[event.key]();
}

/* A refresh never takes away what a person is reading or typing: such a region waits for the next one. */
function inUse(region) {
  if (region.contains(document.activeElement)) return true;
  if (region.querySelector("details[open]")) return true;
  return region.hasAttribute("data-keep") && Boolean(region.closest("details")?.open) && Boolean(region.querySelector("table"));
}

function beforeSwap(event) {
  const { target, fragment } = event.detail;
  if (!inUse(target)) return;
  event.detail.shouldSwap = false;
  const files = (root) => all("[data-file]", root).map((row) => row.dataset.file).sort().join();
  const stale = target.closest("details")?.querySelector("[data-stale]");
  if (stale && fragment && files(fragment) !== files(target)) stale.hidden = false;
}

/* When the draft's state changes, every section changes with it: load the page anew, unless something is typed. */
const state = () => document.getElementById("poll")?.dataset.state;
const stateAtFirst = state();

function afterSettle() {
  reveal(document);
  makeSortable(document);
  const typed = all("textarea, input[type=text], input[type=file]").some((input) => input.value !== input.defaultValue);
  if (state() !== stateAtFirst && !typed) location.reload();
}

document.addEventListener("htmx:oobBeforeSwap", beforeSwap);
document.addEventListener("htmx:afterSettle", afterSettle);

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.hasAttribute("data-copy")) copy(button);
  if (button?.hasAttribute("data-keys")) keys["?"]();
  if (event.target.closest('[aria-disabled="true"]')) event.preventDefault();
});

document.addEventListener("input", (event) => {
  const id = event.target.dataset.filter ?? event.target.dataset.only;
  if (id) filterFiles(document.getElementById(id));
  if (event.target.id === "keys-on") localStorage.setItem("keys", event.target.checked ? "on" : "off");
});

document.addEventListener("submit", (event) => {
  if (event.target.hasAttribute("data-once")) event.target.querySelector("button[type=submit]")?.classList.add("is-sent");
});

document.addEventListener("keydown", onKey);
window.addEventListener("hashchange", openTarget);
window.addEventListener("pageshow", () => all(".is-sent").forEach((button) => button.classList.remove("is-sent")));

const keysOn = document.getElementById("keys-on");
if (keysOn) keysOn.checked = localStorage.getItem("keys") !== "off";
reveal(document);
makeSortable(document);
acceptDrops(document);
openTarget();

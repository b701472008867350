"use strict";
// The browser of all questions: filters, a list in pages, and each answer over the moments of training.
// Text of the data only ever becomes text (textContent).
(() => {
  const AT_ONCE = 25; // rows a page
  const LAST = "last moment";
  const ANY = "any";
  const packed = document.getElementById("questions-data");
  if (!packed) return;
  const written = (n) => n.toLocaleString("en"); // as the page writes whole numbers
  const place = packed.closest("section"); // an experiment's own section may be called "Questions"

  function make(tag, text, attributes = {}) {
    const made = document.createElement(tag);
    if (text !== undefined && text !== null) made.textContent = text;
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  }

  async function unpacked() {
    const bytes = Uint8Array.from(atob(packed.textContent.trim()), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return JSON.parse(await new Response(stream).text());
  }

  function browser(data) {
    const columns = Object.fromEntries(data.columns.map((column) => [column.name, column]));
    const { last, question } = columns;
    const choices = data.columns.filter((column) => column.kind === "choice");
    const texts = data.columns.filter((column) => column.kind === "text");
    const shown = data.columns.filter((column) => (column.kind === "choice" ? data.shown.includes(column.name) || column.name === "verdict" : column.kind !== "hidden"));
    const form = place.querySelector("form");
    const body = place.querySelector("tbody");
    const status = place.querySelector("[role=status]");
    const [back, on] = place.querySelectorAll(".pages button");
    let found = []; // numbers of the rows that pass the filters
    let start = 0;

    const value = (column, row) => {
      const at = column.values[row];
      const it = column.known ? column.known[at] : at;
      if (it === null || it === undefined) return "–";
      if (typeof it !== "number") return String(it); // an answer "-3" is shown as it is
      return (column.places ? it.toFixed(column.places) : String(it)).replace(/^-/, "−");
    };

    // One select for each column of few values, and a field for words.
    const selects = new Map();
    for (const column of choices) {
      if (column.known.length < 2 && column.name !== "verdict") continue;
      const select = make("select", null, { name: column.name });
      if (column.name === "moment") select.append(make("option", LAST, { value: "last" }));
      select.append(make("option", ANY, { value: "" }));
      const order = column.known.map((one, at) => [one, at]);
      if (order.every(([one]) => typeof one === "number")) order.sort((a, b) => a[0] - b[0]);
      for (const [one, at] of order) select.append(make("option", one === null ? "–" : String(one), { value: String(at) }));
      const label = make("label", column.title);
      label.append(select);
      form.append(label);
      selects.set(column, select);
    }
    const words = make("input", null, { type: "search", name: "words", placeholder: "words in prompt or answers" });
    const label = make("label", "text");
    label.append(words);
    form.append(label);

    place.querySelector("thead tr").append(...shown.map((column) => make("th", column.title, column.kind === "number" ? { class: "n" } : {})));

    function filter() {
      const began = performance.now();
      const wanted = [...selects].filter(([, select]) => select.value !== "" && select.value !== "last").map(([column, select]) => [column.values, Number(select.value)]);
      const lastOnly = [...selects.values()].some((select) => select.value === "last");
      const sought = words.value.trim().toLowerCase();
      // Words are sought in each different text once.
      const holds = sought && texts.map((column) => [column.values, column.known.map((text) => text !== null && text.toLowerCase().includes(sought))]);
      found = [];
      for (let row = 0; row < data.rows; row += 1) {
        if (lastOnly && !last.values[row]) continue;
        if (!wanted.every(([values, at]) => values[row] === at)) continue;
        if (holds && !holds.some(([values, has]) => has[values[row]])) continue;
        found.push(row);
      }
      start = 0;
      list();
      place.dataset.milliseconds = (performance.now() - began).toFixed(1);
    }

    function told() {
      const { known, values } = columns.verdict;
      const counts = known.map(() => 0);
      for (const row of found) counts[values[row]] += 1;
      const parts = known.map((name, at) => (counts[at] && (name !== null || counts[at] < found.length) ? `${written(counts[at])} ${name ?? "not judged"} (${((100 * counts[at]) / found.length).toFixed(1)} %)` : "")).filter(Boolean);
      const many = `${written(found.length)} ${found.length === 1 ? "answer" : "answers"}`;
      return parts.length ? `${many}: ${parts.join(", ")}` : many;
    }

    function list() {
      const rows = found.slice(start, start + AT_ONCE);
      body.replaceChildren(...rows.map(line));
      const end = start + rows.length;
      status.textContent = `${told()}.${rows.length ? ` Shown: ${written(start + 1)}–${written(end)}.` : ""}`;
      back.disabled = start === 0;
      on.disabled = end >= found.length;
    }

    function line(row) {
      const made = make("tr");
      const more = make("button", "+", { type: "button", class: "more", "aria-expanded": "false", "aria-label": "this question in full, at all moments" });
      const first = make("td");
      first.append(more);
      made.append(first, ...shown.map((column) => {
        const cell = make("td", value(column, row), { "data-head": column.title, class: column.kind === "number" ? "n" : column.kind });
        if (column.name === "verdict") cell.classList.add(value(column, row) === "right" ? "holds" : "plain");
        return cell;
      }));
      made.addEventListener("click", (event) => {
        if (getSelection().isCollapsed || event.target === more) open(made, more, row);
      });
      return made;
    }

    function open(line_, more, row) {
      const isOpen = more.getAttribute("aria-expanded") === "true";
      more.setAttribute("aria-expanded", String(!isOpen));
      more.textContent = isOpen ? "+" : "−";
      if (isOpen) line_.nextElementSibling.remove();
      else line_.after(whole(row));
    }

    function whole(row) {
      const made = make("tr", null, { class: "whole" });
      const cell = make("td", null, { colspan: shown.length + 1 });
      const told_ = make("dl");
      for (const column of [columns.prompt, columns.target, ...choices.filter((one) => one.name !== "moment" && one.name !== "verdict")]) told_.append(make("dt", column.title), make("dd", value(column, row)));
      const table = make("table");
      const head = make("tr");
      const over = ["moment", "generation", "verdict", "logprob", "placed"].map((name) => columns[name]).filter(Boolean);
      head.append(...over.map((column) => make("th", column.title, column.kind === "number" ? { class: "n" } : {})));
      table.append(head);
      for (let other = 0; other < data.rows; other += 1) {
        if (question.values[other] !== question.values[row]) continue;
        const one = make("tr", null, other === row ? { class: "this" } : {});
        one.append(...over.map((column) => make("td", value(column, other), column.kind === "number" ? { class: "n" } : {})));
        table.append(one);
      }
      const wide = make("div", null, { class: "wide" });
      wide.append(table);
      cell.append(told_, wide);
      made.append(cell);
      return made;
    }

    form.addEventListener("input", filter);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(filter));
    form.append(make("button", "all again", { type: "reset" }));
    back.addEventListener("click", () => { start -= AT_ONCE; list(); });
    on.addEventListener("click", () => { start += AT_ONCE; list(); });
    filter();
    place.dataset.ready = "yes";
  }

  unpacked().then(browser).catch((error) => {
    place.querySelector("[role=status]").textContent = `The answers cannot be shown here: ${error.message}`;
  });
})();

"use strict";
// What marks of figures and terms mean, shown at the pointer, the finger or the focus. Without scripts
// terms open by themselves (popovertarget), and marks keep their labels for screen readers.
(() => {
  document.documentElement.classList.add("js");
  const OTHERS = ["axis", "legend", "title"].map((kind) => `:not([aria-roledescription="${kind}"])`).join("");
  const MARK = `.drawn [role="graphics-symbol"][aria-label]${OTHERS}`;
  const REACH = [0, 4, 8, 13]; // pixels around the pointer in which a mark is looked for
  const tip = document.createElement("div");
  tip.id = "tip";
  tip.setAttribute("role", "tooltip");
  tip.setAttribute("aria-live", "polite");
  tip.hidden = true;
  document.body.append(tip);
  let owner = null; // whose explanation is shown
  let pinned = false; // by a click or a key, so that the pointer's leaving does not take it away

  function show(element, lines, box, pin) {
    if (owner && owner !== element) owner.removeAttribute("aria-describedby");
    owner = element;
    pinned = pin;
    tip.replaceChildren(...lines.map((line) => {
      const shown = document.createElement("div");
      shown.textContent = line;
      return shown;
    }));
    tip.hidden = false;
    const room = document.documentElement.clientWidth;
    const left = Math.min(Math.max(8, box.left + box.width / 2 - tip.offsetWidth / 2), room - tip.offsetWidth - 8);
    const below = box.bottom + 10;
    const fits = below + tip.offsetHeight < document.documentElement.clientHeight;
    tip.style.left = `${Math.max(8, left)}px`;
    tip.style.top = `${fits ? below : Math.max(8, box.top - tip.offsetHeight - 10)}px`;
    element.setAttribute("aria-describedby", "tip");
  }

  function hide() {
    if (owner) owner.removeAttribute("aria-describedby");
    owner = null;
    pinned = false;
    tip.hidden = true;
  }

  // A browser shows an SVG's title at the pointer, over the marks' own labels.
  for (const title of document.querySelectorAll(".drawn > svg > title")) {
    title.parentNode.setAttribute("aria-label", title.textContent);
    title.parentNode.removeAttribute("aria-labelledby");
    title.remove();
  }

  const meaning = (term) => [...document.getElementById(term.getAttribute("popovertarget")).children].map((one) => one.textContent);
  const explain = (term, pin) => show(term, meaning(term), term.getBoundingClientRect(), pin);
  // "who: value" or "name: value; name: value", in lines.
  const said = (mark) => {
    const label = mark.getAttribute("aria-label");
    return label.includes("; ") ? label.split("; ") : label.split(/: (.*)/s).filter(Boolean);
  };

  function at(x, y) {
    for (const far of REACH) {
      for (const [dx, dy] of far ? [[far, 0], [-far, 0], [0, far], [0, -far]] : [[0, 0]]) {
        const mark = document.elementsFromPoint(x + dx, y + dy).map((one) => one.closest(MARK)).find(Boolean);
        if (mark) return mark;
      }
    }
    return null;
  }

  document.addEventListener("pointerover", (event) => {
    const term = event.target.closest(".term");
    if (term && event.pointerType === "mouse") explain(term, false);
    else if (owner && !pinned && !event.target.closest(".drawn")) hide();
  });
  document.addEventListener("pointermove", (event) => {
    if (event.pointerType !== "mouse" || !event.target.closest(".drawn svg")) return;
    const mark = at(event.clientX, event.clientY);
    if (mark) show(mark, said(mark), new DOMRect(event.clientX, event.clientY, 0, 4), false);
    else if (!pinned) hide();
  });
  document.addEventListener("click", (event) => {
    const term = event.target.closest(".term");
    const mark = !term && event.target.closest(".drawn svg") && at(event.clientX, event.clientY);
    if (term) {
      event.preventDefault(); // the tip stands beside the word, the popover in the middle
      explain(term, true);
    } else if (mark) show(mark, said(mark), new DOMRect(event.clientX, event.clientY, 0, 4), true);
    else if (!tip.contains(event.target)) hide();
  });
  document.addEventListener("focusin", (event) => {
    if (event.target.matches(".term")) explain(event.target, true);
    else if (!event.target.closest(".drawn")) hide();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
  });
  document.addEventListener("scroll", () => pinned || hide(), { passive: true });

  // A figure is one stop for the keyboard; the arrows go from mark to mark.
  for (const drawn of document.querySelectorAll(".drawn")) {
    const title = drawn.querySelector("svg > title"); // the browser would show it over what marks say
    if (title) {
      title.parentElement.setAttribute("aria-label", title.textContent);
      title.parentElement.removeAttribute("aria-labelledby");
      title.remove();
    }
    const marks = [...drawn.querySelectorAll(MARK.replace(".drawn ", ""))];
    if (!marks.length) continue;
    drawn.tabIndex = 0;
    drawn.setAttribute("role", "group");
    drawn.setAttribute("aria-label", "Figure: arrow keys go from mark to mark");
    let place = -1;
    drawn.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      place = (place + step + marks.length + (place < 0 && step < 0 ? 1 : 0)) % marks.length;
      show(marks[place], said(marks[place]), marks[place].getBoundingClientRect(), true);
    });
    drawn.addEventListener("blur", hide);
  }
})();

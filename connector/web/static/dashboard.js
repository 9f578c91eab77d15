// What a page does by itself: nothing here is needed to use it, everything also works as plain forms and links.
"use strict";

// The rule editor counts as one types, and puts the caret where it is wrong when one asks for it.
const editor = document.querySelector("form[data-try]");
if (editor) {
  const field = editor.elements.rule;
  const shown = document.getElementById("tried");
  let waiting, asking;
  editor.querySelector("[data-hide]").hidden = true;

  const ask = async () => {
    asking?.abort();
    asking = new AbortController();
    try {
      const answer = await fetch(editor.dataset.try, {
        method: "POST", body: new FormData(editor), signal: asking.signal, headers: { Accept: "application/json" },
      });
      if (!answer.ok) throw new Error(answer.status);
      const found = await answer.json();
      shown.innerHTML = found.html;
      field.setAttribute("aria-invalid", found.position === null ? "false" : "true");
      field.dataset.wrong = found.position ?? "";
    } catch (error) {
      if (error.name !== "AbortError") editor.querySelector("[data-hide]").hidden = false;
    }
  };
  field.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(ask, 250); });
  shown.addEventListener("click", (event) => {
    if (!event.target.closest("pre.caret") || field.dataset.wrong === "") return;
    field.focus();
    field.setSelectionRange(Number(field.dataset.wrong), Number(field.dataset.wrong));
  });
}

// Parts of a page that take longer than the page may.
for (const place of document.querySelectorAll("[data-part]")) {
  place.setAttribute("aria-busy", "true");
  const [link] = place.children;
  const bar = document.createElement("progress");
  bar.setAttribute("aria-label", place.dataset.wait);
  place.append(bar);
  link.hidden = true;
  fetch(place.dataset.part, { headers: { Accept: "text/html" } })
    .then((answer) => (answer.ok ? answer.text() : Promise.reject(answer.status)))
    .then((html) => { place.innerHTML = html; })
    .catch(() => { bar.remove(); link.hidden = false; })  // the link does the same
    .finally(() => place.removeAttribute("aria-busy"));
}

const later = document.querySelector("[data-reload]");
if (later) setTimeout(() => location.reload(), Number(later.dataset.reload));

// On a phone the pages stand in a row: show where one is.
const place = document.querySelector("nav.side a[aria-current]");
const row = place?.closest("nav");
if (row && row.scrollWidth > row.clientWidth) row.scrollLeft = place.offsetLeft - row.clientWidth / 3;

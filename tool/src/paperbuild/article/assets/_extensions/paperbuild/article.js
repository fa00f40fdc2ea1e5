// What the article's pages do beyond HTML. Everything can be read without it, and its words and marks stand in the
// page's <template id="parts">. One sign must not occur here, for pandoc reads this file as part of a template:
// the dollar.
(function () {
  "use strict";

  const parts = document.getElementById("parts");
  const part = (selector) => parts.content.querySelector(selector).cloneNode(true);
  // Below an element and it itself, for `paper preview` puts new blocks into the page.
  const all = (selector, root = document) => [
    ...(root.matches && root.matches(selector) ? [root] : []),
    ...root.querySelectorAll(selector),
  ];
  const text = (element) => element.textContent.trim().replace(/\s+/g, " ");
  const named = (caption) => text(caption).split(":")[0];

  // 1. Regions that scroll: reachable by keyboard while they do, and no stop on the way while they do not.
  const SCROLLING = ".table-scroll, .equation, p:has(> math[display=block]), pre";

  function measure(region) {
    const high = getComputedStyle(region).overflowY !== "hidden" && region.scrollHeight > region.clientHeight + 1;
    const scrolls = high || region.scrollWidth > region.clientWidth + 1;
    region.classList.toggle("scrolls", scrolls);
    if (scrolls) region.tabIndex = 0;
    else region.removeAttribute("tabindex");
  }

  const observer = new ResizeObserver((entries) => {
    for (const region of new Set(entries.map((entry) => entry.target.closest(SCROLLING)))) if (region) measure(region);
  });

  function watchRegions(root) {
    // What is inside may change its width without the region: when a font is ready, or a table is sorted.
    for (const region of all(SCROLLING, root)) [region, ...region.children].forEach((box) => observer.observe(box));
  }

  // 2. The contents mark the section that is read; headings can be linked to.
  function followReading() {
    let links = new Map();
    let headings = [];
    let marked = null;
    function collect() {
      links = new Map(all(".contents a").map((link) => [decodeURIComponent(link.hash.slice(1)), link]));
      headings = all("main :is(h1, h2, h3, h4)").filter((heading) => links.has(heading.id || heading.parentElement.id));
      mark();
    }
    function mark() {
      const ended = scrollY > 0 && innerHeight + scrollY >= document.documentElement.scrollHeight - 2;
      const read = headings.filter((heading) => ended || heading.getBoundingClientRect().top < 140).pop();
      const link = read && links.get(read.id || read.parentElement.id);
      if (link === marked) return;
      if (marked) marked.removeAttribute("aria-current");
      marked = link;
      if (!link) return;
      link.setAttribute("aria-current", "location");
      const box = link.closest(".contents");
      const [inner, outer] = [link.getBoundingClientRect(), box.getBoundingClientRect()];
      if (inner.top < outer.top || inner.bottom > outer.bottom) {
        box.scrollTop += inner.top - outer.top - outer.height / 3;
      }
    }
    let waiting = false;
    addEventListener("scroll", () => {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => {
        waiting = false;
        mark();
      });
    }, { passive: true });
    collect();
    addEventListener("patched", collect);
  }

  function linkHeadings(root) {
    for (const heading of all("main :is(h2, h3, h4)", root)) {
      const id = heading.id || (heading.parentElement.matches("section") && heading.parentElement.id);
      if (!id || heading.matches(".abstract-title")) continue;
      const anchor = part(".anchor");
      anchor.href = "#" + id;
      anchor.setAttribute("aria-label", anchor.getAttribute("aria-label") + ": " + text(heading));
      heading.append(anchor);
    }
  }

  // 3. What a citation, a figure, a table, an equation or a note is, shown beside the link to it.
  function previews() {
    const box = part(".preview");
    document.querySelector("main").append(box);
    let shown = null;
    let timer = 0;

    function content(target) {
      const copy = target.cloneNode(true);
      all(".provenance, .footnote-back, button, .anchor", copy).forEach((element) => element.remove());
      [copy, ...all("[id], [tabindex], [role], [aria-label]", copy)].forEach((element) => {
        ["id", "tabindex", "role", "aria-label"].forEach((name) => element.removeAttribute(name));
      });
      all("a", copy).forEach((link) => link.removeAttribute("href"));
      all("img", copy).forEach((image) => (image.loading = "eager"));
      return copy;
    }

    function hide() {
      clearTimeout(timer);
      if (shown) shown.removeAttribute("aria-describedby");
      shown = null;
      box.hidden = true;
    }

    function show(link) {
      clearTimeout(timer);
      const target = document.getElementById(decodeURIComponent(link.hash.slice(1)));
      if (!target || link === shown) return;
      hide();
      shown = link;
      box.replaceChildren(content(target));
      // Read aloud only what is short: nobody wants to hear a table on the way past its number.
      if (/^(ref|fn)/.test(target.id)) link.setAttribute("aria-describedby", box.id);
      box.hidden = false;
      place();
    }

    function place() {
      box.style.maxHeight = "";
      const at = shown.getClientRects()[0];
      const below = innerHeight - at.bottom > Math.min(box.offsetHeight, innerHeight / 2) + 16;
      const room = (below ? innerHeight - at.bottom : at.top) - 16;
      box.style.maxHeight = Math.max(room, 80) + "px";
      box.style.left = Math.max(8, Math.min(at.left, document.documentElement.clientWidth - box.offsetWidth - 8)) + "px";
      box.style.top = (below ? at.bottom + 6 : at.top - box.offsetHeight - 6) + "px";
    }

    const later = (action, delay) => {
      clearTimeout(timer);
      timer = setTimeout(action, delay);
    };
    box.addEventListener("pointerenter", () => clearTimeout(timer));
    box.addEventListener("pointerleave", () => later(hide, 250));
    addEventListener("keydown", (event) => event.key === "Escape" && hide());
    // A link that is tabbed to scrolls into view after it has the focus.
    addEventListener("scroll", () => shown && (shown === document.activeElement ? place() : hide()), { passive: true });

    return (root) => {
      for (const link of all('main a[href^="#"]', root)) {
        if (!/^#(ref-|fig-|tbl-|eq-|fn\d)/.test(link.getAttribute("href"))) continue;
        link.addEventListener("pointerenter", (event) => event.pointerType !== "touch" && later(() => show(link), 180));
        link.addEventListener("pointerleave", () => later(hide, 250));
        link.addEventListener("focus", () => link.matches(":focus-visible") && show(link));
        link.addEventListener("blur", hide);
        link.addEventListener("click", hide);
      }
    };
  }

  // 4. Figures enlarge.
  function enlarging() {
    const dialog = part(".enlarged");
    document.body.append(dialog);
    dialog.setAttribute("aria-labelledby", "enlarged-caption");
    const [stage, caption] = [dialog.querySelector(".enlarged-picture"), dialog.querySelector(".enlarged-caption")];
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    dialog.addEventListener("close", () => stage.replaceChildren());
    const enlarge = (picture) => {
      const image = picture.querySelector("img");
      const words = picture.closest("figure").querySelector("figcaption");
      const button = part(".enlarge");
      button.setAttribute("aria-label", text(button) + ": " + named(words));
      const open = () => {
        const copy = image.cloneNode();
        copy.loading = "eager";
        stage.replaceChildren(copy);
        caption.replaceChildren(...words.cloneNode(true).childNodes);
        dialog.showModal();
        measure(stage);
      };
      button.addEventListener("click", open);
      image.addEventListener("click", open);
      // In the line under the figure, where it covers nothing.
      const figure = picture.closest("figure");
      const line = figure.querySelector(".provenance p, .provenance");
      if (line) line.append(" ", button);
      else figure.append(button);
    };
    return (root) => all("figure .picture", root).forEach(enlarge);
  }

  // 5. Tables sort: up, down, as they were. Empty cells stay last.
  const MINUS = /[\u2212\u2013](?=\d)/g;
  const NOTHING = /^[\s\u2013\u2014.\u00b7-]*(n\/?a)?[\s]*/;

  // The page's language says whether a comma parts thousands or opens the decimals.
  const COMMA = new Intl.NumberFormat(document.documentElement.lang).formatToParts(1.5).some((part) => part.value === ",");
  const GROUPS = COMMA ? /\s(?=\d{3}(\D|\b))/g : /[\s,](?=\d{3}(\D|\b))/g;

  function value(cell) {
    const plain = text(cell).replace(MINUS, "-").replace(GROUPS, "");
    const shown = COMMA ? plain.replace(/,(?=\d)/g, ".") : plain;
    const number = shown.match(/^[<>\u2264\u2265\u2248~]?\s*([+-]?\d*\.?\d+)/);
    return { shown, empty: shown.replace(NOTHING, "") === "", number: number ? parseFloat(number[1]) : NaN };
  }

  function sortable(table) {
    const rows = table.tHead && table.tHead.rows.length === 1 && table.tBodies.length === 1 ? Array.from(table.tBodies[0].rows) : [];
    if (rows.length < 3 || all("[colspan], [rowspan]", table).length) return;
    // A blank cell at the start of a row belongs to the row above.
    if (rows.some((row) => text(row.cells[0]) === "")) return;
    Array.from(table.tHead.rows[0].cells).forEach((head, column) => {
      if (!text(head)) return;
      const button = part(".sort");
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => sort(table, rows, head, column));
    });
  }

  function sort(table, rows, head, column) {
    const next = { ascending: "descending", descending: "" };
    const before = head.getAttribute("aria-sort");
    const order = before in next ? next[before] : "ascending";
    all("th", table.tHead).forEach((other) => other.removeAttribute("aria-sort"));
    if (order) head.setAttribute("aria-sort", order);
    const sign = order === "descending" ? -1 : 1;
    const keyed = rows.map((row) => ({ row, ...value(row.cells[column]) }));
    const numeric = keyed.every((one) => one.empty || !isNaN(one.number));
    const compare = new Intl.Collator(document.documentElement.lang, { numeric: true }).compare;
    if (order) {
      keyed.sort((a, b) => {
        if (a.empty || b.empty) return a.empty - b.empty;
        return sign * (numeric ? a.number - b.number : compare(a.shown, b.shown));
      });
    }
    table.tBodies[0].append(...keyed.map((one) => one.row));
  }

  // 6. All code of a notebook at once.
  function expandAll() {
    for (const button of all("button.expand")) {
      button.hidden = false;
      button.addEventListener("click", () => {
        const open = button.getAttribute("aria-pressed") !== "true";
        button.setAttribute("aria-pressed", open);
        all("details.code").forEach((details) => (details.open = open));
      });
    }
  }

  // 7. On paper nothing can be unfolded, and a picture that was not scrolled to has to be there.
  function printWhole() {
    addEventListener("beforeprint", () => {
      all("img[loading=lazy]").forEach((image) => (image.loading = "eager"));
      all("details.cite").forEach((details) => (details.open = true));
    });
  }

  if (parts) {
    const [showPreviews, enlarge] = [previews(), enlarging()];
    const enrich = (root) => {
      linkHeadings(root);
      showPreviews(root);
      enlarge(root);
      all(".float-tbl table", root).forEach(sortable);
      watchRegions(root);
    };
    enrich(document);
    followReading();
    addEventListener("patched", (event) => event.detail.forEach(enrich));
  } else {
    watchRegions(document);
  }
  expandAll();
  printWhole();
})();

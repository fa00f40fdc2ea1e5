// The rows of a table: those with a word, in the order of a column, a hundred at a time. The page holds them all
// and shows the first without this.
(function () {
  "use strict";

  const SHOWN = 100;
  const table = document.querySelector("table.rows");
  const form = document.querySelector(".viewer");
  const every = JSON.parse(document.getElementById("rows").textContent);
  const heads = Array.from(table.tHead.rows[0].cells);
  const numeric = heads.map((head) => head.classList.contains("number"));
  const collator = new Intl.Collator(document.documentElement.lang, { numeric: true });
  let [rows, first] = [every, 0];
  let sorted = null;

  // Empty cells stay last, whichever way.
  function compare(column, sign) {
    return (a, b) => {
      const [x, y] = [a[column], b[column]];
      if (x === "" || y === "") return (x === "") - (y === "");
      return sign * (numeric[column] ? Number(x) - Number(y) : collator.compare(x, y));
    };
  }

  function cells(row) {
    const line = document.createElement("tr");
    row.forEach((content, column) => {
      const cell = line.insertCell();
      cell.textContent = content;
      if (numeric[column]) cell.className = "number";
    });
    return line;
  }

  function show() {
    table.tBodies[0].replaceChildren(...rows.slice(first, first + SHOWN).map(cells));
    form.before.disabled = first === 0;
    form.after.disabled = first + SHOWN >= rows.length;
    const said = (number) => number.toLocaleString("en");
    form.querySelector("output").value = rows.length
      ? `${said(first + 1)} to ${said(Math.min(first + SHOWN, rows.length))} of ${said(rows.length)} rows`
      : "no row has that";
  }

  function choose() {
    const wanted = form.wanted.value.trim().toLowerCase();
    rows = wanted ? every.filter((row) => row.some((cell) => cell.toLowerCase().includes(wanted))) : every;
    if (sorted) rows = rows.toSorted(compare(sorted.column, sorted.sign));
    first = 0;
    show();
  }

  function turn(pages) {
    first += pages * SHOWN;
    show();
  }

  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = sorted && sorted.column === column && sorted.sign === 1;
      sorted = { column, sign: down ? -1 : 1 };
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      choose();
    });
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.wanted.addEventListener("input", choose);
  form.before.addEventListener("click", () => turn(-1));
  form.after.addEventListener("click", () => turn(1));
  form.hidden = false;
  document.querySelector(".first-rows").hidden = true;
  show();
})();

/* Tables of class "sortable" are sorted by the buttons in their head; no library is needed.
 * A cell's data-value counts in place of its text; cells without a value stay at the end. */
(function () {
  "use strict";
  function valueOf(row, column) {
    const cell = row.cells[column];
    const text = cell.dataset.value === undefined ? cell.textContent.trim() : cell.dataset.value;
    return text === "" || isNaN(text) ? text : Number(text);
  }

  function compared(one, other) {
    if (typeof one === "number" && typeof other === "number") return one - other;
    return String(one).localeCompare(String(other), "en", { numeric: true });
  }

  function sort(table, heading) {
    const isDescending = heading.getAttribute("aria-sort") === "ascending";
    const column = heading.cellIndex;
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row) => ({ row, value: valueOf(row, column) }));
    const filled = rows.filter((each) => each.value !== "");
    filled.sort((one, other) => compared(one.value, other.value) * (isDescending ? -1 : 1));
    const empty = rows.filter((each) => each.value === "");
    body.append(...filled.concat(empty).map((each) => each.row));
    table.querySelectorAll("th[aria-sort]").forEach((each) => each.removeAttribute("aria-sort"));
    heading.setAttribute("aria-sort", isDescending ? "descending" : "ascending");
  }

  function start(table) {
    table.querySelectorAll("thead th.sorts").forEach((heading) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...heading.childNodes);
      button.addEventListener("click", () => sort(table, heading));
      heading.append(button);
    });
  }

  /** A link to something inside closed details opens them. */
  function reveal() {
    const target = document.getElementById(location.hash.slice(1));
    const closed = target && target.closest("details:not([open])");
    if (closed) {
      closed.open = true;
      target.scrollIntoView();
    }
  }

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("table.sortable").forEach(start);
    window.addEventListener("hashchange", reveal);
    reveal();
  });
})();

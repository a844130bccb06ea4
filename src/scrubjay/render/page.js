"use strict";
(() => {
  const filters = document.getElementById("filters");
  if (!filters) return;
  const claims = [...document.querySelectorAll("article.claim")];
  const shown = document.getElementById("shown");
  const none = document.getElementById("none");

  const apply = () => {
    const payer = filters.payer.value;
    const edit = filters.edit.value;
    const text = filters.claim.value.trim().toLowerCase();
    const levels = new Set([...filters.level].filter((box) => box.checked).map((box) => box.value));
    let count = 0;
    for (const claim of claims) {
      const found = claim.dataset.hits.split(" ").some((hit) => {
        const [code, level] = hit.split(":");
        return levels.has(level) && (!edit || code === edit);
      });
      claim.hidden = !(found && (!payer || claim.dataset.payer === payer) && claim.dataset.claim.includes(text));
      count += claim.hidden ? 0 : 1;
    }
    shown.value = `${count} of ${claims.length} claims`;
    none.hidden = count > 0;
  };

  filters.hidden = false;
  filters.addEventListener("input", apply);
  filters.addEventListener("reset", () => setTimeout(apply));
  filters.addEventListener("submit", (event) => event.preventDefault());
  for (const button of document.querySelectorAll("button[data-edit]")) {
    button.addEventListener("click", () => {
      filters.edit.value = button.dataset.edit;
      apply();
      document.getElementById("claims").focus();
    });
  }
  // A finding and its box light up together.
  for (const claim of claims) {
    const light = (event, on) => {
      const finding = event.target.closest(".finding");
      const mark = event.target.closest("a.mark");
      const id = finding ? finding.id : mark ? mark.hash.slice(1) : "";
      if (!id) return;
      document.getElementById(id).classList.toggle("lit", on);
      for (const link of claim.querySelectorAll(`a.mark[href="#${id}"]`)) link.closest(".hit")?.classList.toggle("lit", on);
    };
    claim.addEventListener("mouseover", (event) => light(event, true));
    claim.addEventListener("mouseout", (event) => light(event, false));
    claim.addEventListener("focusin", (event) => light(event, true));
    claim.addEventListener("focusout", (event) => light(event, false));
  }
  apply();
})();

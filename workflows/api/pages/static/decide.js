/* Sends a decision on a candidate; the token stays in this tab and goes nowhere but to the service. */
(function () {
  "use strict";
  const form = document.getElementById("decide");
  const told = document.getElementById("decided");
  const KEPT = "facet-token";
  form.elements.token.value = sessionStorage.getItem(KEPT) || "";
  form.addEventListener("submit", async function (event) {
    event.preventDefault();
    const which = event.submitter && event.submitter.value === "reject" ? "reject" : "approve";
    const token = form.elements.token.value;
    const decision = { by: form.elements.by.value, [which]: [form.dataset.name] };
    told.textContent = "Sending …";
    for (const each of form.querySelectorAll("button")) each.disabled = true;
    try {
      const answer = await fetch(form.dataset.address, {
        method: "POST",
        headers: { "Content-Type": "application/json", Authorization: "Bearer " + token },
        body: JSON.stringify(decision),
      });
      const said = await answer.json();
      if (answer.ok) {
        sessionStorage.setItem(KEPT, token);
        told.textContent = which === "approve" ? "Approved." : "Rejected.";
        setTimeout(() => location.reload(), 600);
        return;
      }
      told.textContent = said.detail || "The service refused.";
    } catch (error) {
      told.textContent = "The service does not answer; nothing was decided.";
    }
    for (const each of form.querySelectorAll("button")) each.disabled = false;
  });
})();

/* Renews what is on the page while a campaign runs: asks for the same page, takes over its middle. */
(function () {
  "use strict";
  const SECONDS = 5;
  async function renew() {
    if (!document.hidden) {
      try {
        const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
        if (answer.ok) {
          const page = new DOMParser().parseFromString(await answer.text(), "text/html");
          const [old, young] = [document.getElementById("live"), page.getElementById("live")];
          if (old && young) old.replaceWith(document.adoptNode(young));
          if (!page.querySelector("script[src$='live.js']")) return;
        }
      } catch (error) {
        console.warn("The service does not answer; asking again.", error);
      }
    }
    setTimeout(renew, 1000 * SECONDS);
  }
  setTimeout(renew, 1000 * SECONDS);
})();

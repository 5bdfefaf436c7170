// Requests of the reading page. Those whose answers change the page go through htmx, each from an element of its own, so
// that several can be on their way at once.

/** Sent with every request that writes; Django's protection against forged requests asks for it. */
function csrf() {
  try {
    return JSON.parse(document.body.getAttribute("hx-headers") || "{}");
  } catch {
    return {};
  }
}

/**
 * Ask through htmx and let it swap the answer.
 *
 * @param {"GET" | "POST"} method
 * @param {string} address
 * @param {{values?: object, target?: string | Element, swap?: string, timeout?: number}} [options] timeout in ms
 * @returns {Promise<{status: number, changed: ?{blocks: number[], uid: string, verb: string}}>} status 0 when no
 *   answer came; `changed` when the server says that it has changed marks. Never rejects.
 */
export function ask(method, address, { values = {}, target, swap = "none", timeout = 15_000 } = {}) {
  const source = document.createElement("span");
  source.hidden = true;
  source.setAttribute("hx-request", JSON.stringify({ timeout }));
  document.body.append(source);
  return new Promise((resolve) => {
    source.addEventListener("htmx:afterRequest", ({ detail: { xhr } }) => {
      const done = xhr.status >= 200 && xhr.status < 300;
      resolve({ status: xhr.status, changed: done ? changeIn(xhr) : null });
    });
    const failed = () => resolve({ status: 0, changed: null });
    try {
      Promise.resolve(window.htmx.ajax(method, address, { source, target: target ?? source, swap, values })).catch(failed);
    } catch {
      failed();
    }
  }).finally(() => setTimeout(() => source.remove(), 100)); // after htmx has settled the swap
}

/** What the answer says about marks; it may have the page told before or after the swap. */
function changeIn(xhr) {
  for (const moment of ["", "-After-Swap", "-After-Settle"]) {
    try {
      const change = JSON.parse(xhr.getResponseHeader(`HX-Trigger${moment}`))?.["marks-changed"];
      if (change) return change;
    } catch {
      // another event's plain name
    }
  }
  return null;
}

/** Fetch a fragment as a DocumentFragment; null when it cannot be had. */
export async function fragment(address) {
  try {
    const answer = await fetch(address, { headers: { "HX-Request": "true" }, credentials: "same-origin" });
    if (!answer.ok || answer.redirected) return null;
    const template = document.createElement("template");
    template.innerHTML = await answer.text();
    return template.content;
  } catch {
    return null;
  }
}

/** Store something small without looking at the answer; outlives the page. */
export function remember(address, values) {
  fetch(address, {
    method: "POST",
    headers: { ...csrf(), "HX-Request": "true" },
    body: new URLSearchParams(values),
    credentials: "same-origin",
    keepalive: true,
  }).catch(() => {}); // offline: what was to be remembered is a convenience
}

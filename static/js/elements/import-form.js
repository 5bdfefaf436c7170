// <import-form>: sends the files of the form inside it one by one, so that each has its report as soon as it is read and the
// bar tells how far all of them are. Without this script the form sends them all in one request.

class ImportForm extends HTMLElement {
  #form;
  #sending = false;

  connectedCallback() {
    this.#form = this.querySelector("form");
    this.#form?.addEventListener("submit", this.#submit);
  }

  disconnectedCallback() {
    this.#form?.removeEventListener("submit", this.#submit);
  }

  #submit = async (event) => {
    const input = this.#form.querySelector("input[type=file]");
    const files = [...(input?.files ?? [])];
    if (files.length === 0 && !this.#sending) return; // the server's answer says what is missing
    event.preventDefault();
    if (this.#sending) return;
    this.#sending = true;
    try {
      await this.#sendAll(files);
      input.value = "";
    } finally {
      this.#sending = false;
    }
  };

  async #sendAll(files) {
    const part = this.querySelector("[data-part=progress]");
    const bar = part.querySelector("progress");
    const status = part.querySelector("[role=status]");
    const button = this.#form.querySelector("button");
    const reports = document.getElementById(this.dataset.reports);
    const section = reports.closest("section");
    const total = files.reduce((sum, file) => sum + file.size + 1, 0);
    let done = 0;
    bar.value = 0;
    part.hidden = false;
    button.disabled = true;
    reports.replaceChildren();
    for (const [index, file] of files.entries()) {
      status.textContent = `File ${index + 1} of ${files.length}: ${file.name}`;
      const items = await this.#send(file, (bytes) => (bar.value = (done + Math.min(bytes, file.size)) / total));
      done += file.size + 1;
      bar.value = done / total;
      reports.append(...items);
      section.hidden = false;
    }
    const imported = reports.querySelectorAll(":scope > .imported").length;
    const refused = reports.querySelectorAll(":scope > .refused").length;
    status.textContent = `Done: ${imported} imported, ${files.length - imported - refused} here already, ${refused} refused.`;
    button.disabled = false;
    section.focus();
  }

  /** Send one file; resolves with the report's list items and never rejects. `progress` gets bytes sent. */
  async #send(file, progress) {
    const most = Number(this.dataset.mostBytes);
    const megabytes = (bytes) => (bytes / 1048576).toFixed(2).replace(/\.?0+$/, "");
    if (file.size > most) {
      return [refusal(file.name, `It is ${megabytes(file.size)} MB large; the limit is ${megabytes(most)} MB.`)];
    }
    const data = new FormData(this.#form);
    data.delete("files");
    data.append("files", file);
    const answer = await post(this.#form.action, data, progress);
    if (answer === null) return [refusal(file.name, "The server could not be reached. Choose the file again to retry.")];
    const elsewhere = answer.getResponseHeader("HX-Redirect");
    if (elsewhere) {
      location.assign(elsewhere);
      return [];
    }
    const template = document.createElement("template");
    template.innerHTML = answer.responseText;
    const items = [...template.content.children].filter((child) => child.matches("li"));
    if (items.length > 0) return items;
    const words = template.content.querySelector("p")?.textContent.trim();
    return [refusal(file.name, words || `The server answered with status ${answer.status}. Nothing was kept; try again.`)];
  }
}

/** Post a form with progress, which fetch() does not tell; null when no answer came. */
function post(address, data, progress) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("POST", address);
    request.setRequestHeader("HX-Request", "true");
    request.setRequestHeader("HX-Current-URL", location.href); // where to come back to after signing in
    request.upload.addEventListener("progress", (event) => progress(event.loaded));
    request.addEventListener("load", () => resolve(request));
    for (const kind of ["error", "abort", "timeout"]) request.addEventListener(kind, () => resolve(null));
    request.timeout = 120_000; // ms
    request.send(data);
  });
}

function refusal(name, words) {
  const item = document.createElement("li");
  item.className = "refused";
  const bold = document.createElement("b");
  bold.dir = "auto";
  bold.textContent = name;
  item.append(bold, ` was not imported. ${words}`);
  return item;
}

customElements.define("import-form", ImportForm);

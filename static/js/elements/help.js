// The list of keys.

const EVERYWHERE = [
  ["/", "Search the library"],
  ["?", "This list"],
];
const READING = [
  ["n", "p", "Next and previous mark"],
  ["j", "k", "Next and previous paragraph"],
];
const MARKING = [
  ["s", "Choose a passage sentence by sentence"],
  ["←", "→", "Previous and next sentence"],
  ["Shift →", "Shift ←", "A sentence more, a sentence less"],
  ["]", "[", "A word more, a word less"],
  ["}", "{", "Begin a word later, a word earlier"],
  ["Enter", "Go to the tags"],
  ["n", "Write a note on the passage"],
  ["Ctrl Enter", "Save the note"],
  ["Shift + a tag’s key", "Collect tags; the next one without Shift saves"],
  ["Esc", "Leave"],
  ["z", "Undo your last change"],
  ["g d", "In a session: done with this article"],
];

let dialog = null;

export function openHelp() {
  dialog ??= build();
  if (!dialog.open) dialog.showModal();
}

function build() {
  const made = document.createElement("dialog");
  made.id = "help";
  made.className = "help";
  made.setAttribute("aria-labelledby", "help-title");
  const title = document.createElement("h2");
  title.id = "help-title";
  title.textContent = "Keys";
  made.append(title);
  if (document.getElementById("article")) {
    section(made, "Reading", READING);
    const tags = Array.from(document.querySelectorAll('#selection button[name="tags"][data-key]'), (tag) => [
      tag.dataset.key,
      `Mark the passage as ${tag.dataset.name}`,
    ]);
    if (document.getElementById("selection")) section(made, "Marking", [...MARKING.slice(0, 6), ...tags, ...MARKING.slice(6)]);
  }
  section(made, "Everywhere", EVERYWHERE);
  const hint = document.createElement("p");
  hint.className = "hint";
  hint.textContent = "Single keys can be switched off in the reading preferences.";
  const close = document.createElement("button");
  Object.assign(close, { type: "button", className: "button", textContent: "Close", autofocus: true });
  close.addEventListener("click", () => made.close());
  made.append(hint, close);
  made.addEventListener("click", (event) => event.target === made && made.close()); // beside the dialog
  document.body.append(made);
  return made;
}

function section(parent, heading, rows) {
  const title = document.createElement("h3");
  title.textContent = heading;
  const list = document.createElement("dl");
  for (const row of rows) {
    const keys = document.createElement("dt");
    row.slice(0, -1).forEach((key) => {
      const cap = document.createElement("kbd");
      cap.textContent = key;
      keys.append(cap, " ");
    });
    const meaning = document.createElement("dd");
    meaning.textContent = row.at(-1);
    list.append(keys, meaning);
  }
  parent.append(title, list);
}

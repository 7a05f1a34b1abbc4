// Looks whether this browser can run the page at all, before any module asks for more than it has. No module itself: of
// a page that is opened from the disk, browsers load none.
const line = document.getElementById("status");
const say = (text, wrong = true) => {
  line.textContent = text;
  line.classList.toggle("error", wrong);
};

// A picture that is dropped beside its place, or before there is one, must not replace the page.
for (const kind of ["dragover", "drop"]) addEventListener(kind, (event) => event.preventDefault());

if (location.protocol === "file:") {
  say(
    "Opened from the disk, this page may not read its own files. " +
      "Run python -m export.web.serve --folder=FOLDER, the page's own folder, and open the address that it prints.",
  );
} else if (typeof WebAssembly !== "object") {
  say("This browser has no WebAssembly, which the model runs on. Any current Chrome, Edge, Firefox or Safari has it.");
} else if (!HTMLScriptElement.supports?.("importmap")) {
  say("This browser is too old for the page. Chrome and Edge from 97, Firefox from 108 and Safari from 16.4 can show it.");
} else {
  say("Loading…", false);
  import("./app.js")
    .then(({ start }) => start())
    .catch((error) => {
      console.error(error);
      const why = error.message ?? "a file of the page is missing"; // a script that fails to load gives an event
      say(`The model could not be loaded: ${why}. Reload the page; if that does not help, build it again.`);
    });
}

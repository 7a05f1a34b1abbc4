// Looks whether this browser can run the page at all, before any module asks for more than it has.
const status = document.getElementById("status");
const say = (text) => {
  status.textContent = text;
  status.classList.add("error");
};

if (typeof WebAssembly !== "object") {
  say("This browser has no WebAssembly, which the model runs on. Any current Chrome, Edge, Firefox or Safari has it.");
} else if (!HTMLScriptElement.supports?.("importmap")) {
  say("This browser is too old for the page. Chrome and Edge from 97, Firefox from 108 and Safari from 16.4 can show it.");
} else {
  import("./app.js")
    .then(({ start }) => start())
    .catch((error) => {
      console.error(error);
      const why = error.message ?? "a file of the page is missing"; // a script that fails to load gives an event
      say(`The model could not be loaded: ${why}. Reload the page; if that does not help, build it again.`);
    });
}

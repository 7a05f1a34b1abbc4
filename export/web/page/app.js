// The page: two pictures, a slider for each branch, the picture in between, its film.
import { gif } from "./gif.js";
import { fetched, load, mix } from "./morpher.js";
import { PictureError, draw, enlarged, read } from "./pictures.js";

const FRAMES = 33; // of a film, one way
const WAY_MS = 2000; // how long one way of it takes to play
const REST_MS = 600; // and how long it rests at either end
const FACES = { source: 0, target: 1 }; // what stands there at first

const at = (id) => document.getElementById(id);
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const all = at("all");

let model;
let sliders; // one for each branch, in the order of the model's
const sides = {}; // source, target: {turn, name, face, latent}; no face for a picture of the visitor's own
let turns = 0; // of choosing a picture
let pair; // what pictures are mixed from: {source, ends}
let film; // the one that plays
let saving = false;

/** Loads the model and fills the page; what goes wrong is the caller's to tell. */
export async function start() {
  say("Loading the model…");
  const [loaded, { faces }] = await Promise.all([load(), fetched("faces.json").then((response) => response.json())]);
  model = loaded;
  describe(model.info);
  sliders = model.info.branches.map(addSlider);
  for (const side of Object.keys(FACES)) addFaces(side, faces);
  listen();
  for (const [side, face] of Object.entries(FACES)) {
    await choose(side, faceFile(face), faces[face], face);
    checkFace(side);
  }
  for (const part of document.querySelectorAll("fieldset")) part.disabled = false;
  await together();
  say("Ready. Move a slider.");
}

function say(text, wrong = false) {
  at("status").textContent = text;
  at("status").classList.toggle("error", wrong);
}

/** Says what is wrong with a visitor's picture; anything else is an error of the page. */
function complain(error) {
  if (!(error instanceof PictureError)) console.error(error);
  say(error instanceof PictureError ? error.message : `Something went wrong: ${error.message}. Try again.`, true);
}

function describe({ image_size: size, data }) {
  const drawn = data?.dataset === "drawn_faces";
  at("knows").textContent = drawn
    ? "This model has learnt from drawn faces only. Of a photo it makes a drawn face that hardly resembles it."
    : `This model has learnt from ${data?.dataset ?? "its own data"}. Pictures of another kind come out badly.`;
  at("size").textContent = `${size} × ${size}`;
}

// Pictures

const faceFile = (face) => fetched(`faces/${face}.png`).then((response) => response.blob());

function addFaces(side, names) {
  names.forEach((name, face) => {
    const label = at("face").content.cloneNode(true);
    const [radio, image] = [label.querySelector("input"), label.querySelector("img")];
    radio.name = side;
    [image.src, image.alt] = [`faces/${face}.png`, name];
    radio.addEventListener("change", () => take(side, faceFile(face), name, face));
    at(`${side}-faces`).append(label);
  });
}

/** Encodes a picture for a side, and the branches of the new pair, once. False where a later choice was faster. */
async function choose(side, coming, name, face) {
  const turn = ++turns;
  const image = await read(await coming, name, model.info.image_size);
  const latent = await model.encode(image);
  if (sides[side]?.turn > turn) return false;
  sides[side] = { turn, name, face, latent };
  draw(at(side), image);
  at(side).setAttribute("aria-label", `${side === "source" ? "From" : "To"}: ${name}`);
  const { source, target } = sides;
  const ends = source && target && (await model.ends(source.latent, target.latent));
  if (ends && source === sides.source && target === sides.target) {
    pair = { source: source.latent, ends };
    at("morph").setAttribute("aria-label", `In between: from ${source.name} to ${target.name}`);
    await show(strengths());
  }
  return true;
}

/** What a visitor chooses: says that it is being read, that it is in place, or what is wrong with it. */
async function take(side, coming, name, face) {
  say(`Reading ${name}…`);
  try {
    if (await choose(side, coming, name, face)) say(`In place: ${name}.`);
  } catch (error) {
    complain(error);
  }
  checkFace(side);
}

/** Marks the face that stands on a side, so that one that did not come can be chosen again. */
function checkFace(side) {
  at(`${side}-faces`).querySelectorAll("input").forEach((radio, face) => {
    radio.checked = face === sides[side]?.face;
  });
}

function own(side, [file]) {
  if (file) take(side, file, file.name);
}

// Strengths

const strengths = () => sliders.map((slider) => slider.valueAsNumber);
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const equal = (values) => values.every((value) => value === values[0]);
const words = (name) => (name[0].toUpperCase() + name.slice(1)).replaceAll("_", " ");

function addSlider(branch) {
  const label = at("branch").content.cloneNode(true);
  const [slider, hint] = [label.querySelector("input"), label.querySelector(".hint")];
  const id = branch.replace(/\s+/g, "-"); // blanks part the ids of aria-describedby
  const moves = model.info.groups[branch] ?? ["everything else"];
  label.querySelector(".name").textContent = words(branch);
  hint.textContent = moves.map((attribute) => attribute.replaceAll("_", " ").toLowerCase()).join(", ");
  slider.setAttribute("aria-describedby", (hint.id = `${id}-hint`));
  slider.id = `branch-${id}`;
  slider.addEventListener("input", single);
  at("branches").append(label);
  return slider;
}

function mark(slider, value, text = `${Math.round(value * 100)} %`) {
  slider.value = value;
  slider.style.setProperty("--share", slider.value);
  slider.setAttribute("aria-valuetext", text);
  slider.closest("label").querySelector(".value").textContent = text;
}

function single() {
  stop();
  const values = strengths();
  sliders.forEach((slider, i) => mark(slider, values[i]));
  mark(all, mean(values), equal(values) ? undefined : "mixed");
  return show(values).catch(complain);
}

function together() {
  stop();
  for (const slider of sliders) mark(slider, all.valueAsNumber);
  mark(all, all.valueAsNumber);
  return show(strengths()).catch(complain);
}

// The picture in between

let wanted; // the strengths to show next, where there are newer ones than those being painted
let painting;

/** Paints the picture at `values`; while one is being painted, only the newest of those that come is kept. */
function show(values) {
  wanted = values;
  at("morph").setAttribute("aria-busy", "true");
  return (painting ??= paint());
}

async function paint() {
  try {
    while (wanted) {
      const values = wanted;
      wanted = undefined;
      draw(at("morph"), await picture(values));
      await new Promise(requestAnimationFrame);
    }
  } finally {
    painting = undefined;
    at("morph").setAttribute("aria-busy", "false");
  }
}

const picture = (values, { source, ends } = pair) => model.decode(mix(source, ends, values));
const pause = (time) => new Promise((resolve) => setTimeout(resolve, time));

/** Where a film ends: where the sliders stand, or at the second picture while all of them stand at one place. */
function filmEnd() {
  const values = strengths();
  return equal(values) ? values.map(() => 1) : values;
}

function stop() {
  film = undefined;
  at("play").textContent = "Play";
}

/** Starts a film, or stops the one that plays. */
async function play() {
  if (film) return stop();
  const mine = (film = {});
  at("play").textContent = "Stop";
  say("Playing.");
  for (const share of calm.matches ? stills() : thereAndBack()) {
    if (film !== mine) break;
    at("place").value = share;
    await show(filmEnd().map((value) => value * share));
    if (calm.matches) await pause(REST_MS);
  }
  if (film && film !== mine) return; // another one has begun
  stop();
  if (saving) return;
  at("place").value = 0;
  say("Stopped.");
  await show(strengths());
}

/** Shares of the way by the clock, for ever. */
function* thereAndBack() {
  const begun = performance.now();
  for (;;) {
    const time = (performance.now() - begun) % (2 * (WAY_MS + REST_MS));
    const there = Math.min(1, time / WAY_MS);
    yield time < WAY_MS + REST_MS ? there : Math.max(0, 1 - (time - WAY_MS - REST_MS) / WAY_MS);
  }
}

/** For those who asked for less motion: nine pictures, once. */
function* stills() {
  for (let i = 0; i <= 8; i++) yield i / 8;
}

async function save() {
  if (saving) return;
  saving = true;
  stop();
  say(`Painting ${FRAMES} pictures…`);
  try {
    const [mine, end, pictures] = [pair, filmEnd(), []]; // whatever is chosen meanwhile
    for (let i = 0; i < FRAMES; i++) {
      const share = i / (FRAMES - 1);
      pictures.push(enlarged(await picture(end.map((value) => value * share), mine)));
      at("place").value = share;
      await pause(0);
    }
    const file = gif(pictures);
    const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(file), download: "morph.gif" });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    say(`Saved morph.gif, ${Math.round(file.size / 1000)} KB.`);
  } finally {
    saving = false;
    at("place").value = 0;
    await show(strengths());
  }
}

function listen() {
  const stage = document.querySelector(".stage");
  const root = document.documentElement;
  new ResizeObserver(() => root.style.setProperty("--stage", `${stage.offsetHeight}px`)).observe(stage);
  all.addEventListener("input", together);
  at("play").addEventListener("click", () => play().catch(complain));
  at("save").addEventListener("click", () => save().catch(complain));
  for (const side of Object.keys(FACES)) {
    at(`${side}-file`).addEventListener("change", (event) => {
      own(side, event.target.files);
      event.target.value = ""; // the same file may be chosen again
    });
    for (const place of document.querySelectorAll(`[data-drop="${side}"]`)) {
      place.addEventListener("dragenter", () => place.classList.add("over"));
      place.addEventListener("dragleave", ({ relatedTarget }) => {
        if (!place.contains(relatedTarget)) place.classList.remove("over");
      });
      place.addEventListener("drop", (event) => {
        place.classList.remove("over");
        own(side, event.dataTransfer.files);
      });
    }
  }
}

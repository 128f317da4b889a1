// The phone: one socket is one call. What is shown comes from the service, as text and never as markup.

import { Sound, loudness } from "./sound.js";
import { Floor, Transcript, Turns } from "./views.js";

const find = (id) => document.getElementById(id);
const root = find("phone").dataset.root;
const transcript = new Transcript(find("transcript"));
const turns = new Turns(find("turns"));
const floor = new Floor(find("who"), find("why"));
const OUTCOMES = { completed: "Call ended", busy: "Busy", rejected: "Not taken", dialled: "Connected elsewhere", failed: "The call failed" };

let socket = null;
let sound = null;
let muted = false;
let sentAt = 0;

if (!window.isSecureContext) {
  find("microphone").checked = false;
  find("microphone").disabled = true;
  find("hint").textContent = "Browsers give the microphone to pages at localhost or https only. Typing works here.";
}

function state(text) {
  find("state").textContent = text;
}

function problem(text) {
  find("problem").textContent = text;
  find("problem").hidden = !text;
}

function live(on) {
  find("call").hidden = on;
  find("hangup").hidden = !on;
  find("hint").hidden = on;
  find("recorded").hidden = on;
  for (const one of document.querySelectorAll("#keypad button, #say input, #say button, #recording")) one.disabled = !on;
  if (!sound) find("recording").disabled = true;
  find("mute").disabled = !on || !sound?.stream;
  find("microphone").disabled = on || !window.isSecureContext;
}

function send(message) {
  sentAt = performance.now();
  if (socket?.readyState === WebSocket.OPEN) socket.send(message instanceof ArrayBuffer ? message : JSON.stringify(message));
}

async function openSound(listening) {
  if (!window.isSecureContext) return; // AudioWorklet and microphone need one
  sound = await Sound.open(root, (frame) => {
    find("level").value = loudness(new Uint8Array(frame));
    send(frame);
  });
  sound.phoneBand(find("band").checked);
  if (!listening) return;
  try {
    await sound.listen();
  } catch (error) {
    const why = error.name === "NotAllowedError" ? "it was not allowed" : error.name === "NotFoundError" ? "there is none" : error.message;
    problem(`No microphone (${why}). You can type, or play a recording.`);
  }
}

// `caller`: the name of a recorded one, who talks instead of the user.
async function call(caller = "") {
  find("call").disabled = find("let").disabled = true;
  find("phone").classList.toggle("recorded", caller !== "");
  problem("");
  state("Opening the sound…");
  try {
    await openSound(!caller && find("microphone").checked);
  } catch (error) {
    problem(`The sound could not be opened: ${error.message}. You can still read and type.`);
  }
  transcript.clear();
  turns.clear();
  floor.clear();
  state("Calling…");
  const url = new URL(`${root}/phone/media`, location.href);
  url.protocol = url.protocol.replace("http", "ws");
  const mine = (socket = new WebSocket(url));
  mine.binaryType = "arraybuffer";
  let opened = false;
  mine.onopen = () => {
    opened = true;
    quality();
    live(true);
    if (caller) send({ type: "caller", caller });
    find("hangup").focus();
  };
  mine.onmessage = ({ data }) => {
    if (data instanceof ArrayBuffer) sound?.hear(data);
    else show(JSON.parse(data));
    if (performance.now() - sentAt > 5000) send({ type: "here" }); // without sound there are no frames of a microphone
  };
  mine.onclose = () => {
    if (!opened) problem("The service did not take the call: it is not running any more, or you have to log in again. Reload the page.");
    over();
  };
}

function over() {
  if (!socket) return;
  socket = null;
  sound?.close();
  sound = null;
  live(false);
  find("level").value = 0;
  find("call").disabled = find("let").disabled = false;
  if (!Object.values(OUTCOMES).includes(find("state").textContent)) state("Call ended");
  floor.show("", "");
  find("call").focus();
}

function hangUp() {
  send({ type: "hang_up" });
  state("Hanging up…");
}

function show(event) {
  switch (event.type) {
    case "ringing":
      return state("Ringing…");
    case "floor":
      state("On the phone");
      return floor.show(event.who, event.why);
    case "partial":
      return transcript.partial(event.text);
    case "saying":
      state("On the phone");
      return transcript.saying(event);
    case "line":
      return transcript.line(event);
    case "turn":
      return turns.show(event);
    case "key":
      return transcript.note(`You pressed ${event.key}.`);
    case "tool":
    case "note":
    case "warning":
      return transcript.note(event.text, event.details);
    case "carrier_says":
      return transcript.note(`The carrier's voice says: ${event.text}`);
    case "problem":
    case "refused":
      return problem([event.code ? `${event.text} (Twilio's code ${event.code})` : event.text, event.details].filter(Boolean).join(": "));
    case "ended":
      return state(OUTCOMES[event.outcome] ?? "Call ended");
  }
}

function quality() {
  const number = (id) => Number(find(id).value);
  send({
    type: "quality",
    noise_db: find("noise").value ? number("noise") : null,
    loss_percent: number("loss"),
    jitter_ms: number("jitter"),
  });
}

find("call").onclick = () => call();
find("recorded").onsubmit = (event) => {
  event.preventDefault();
  call(find("caller").value);
};
find("hangup").onclick = hangUp;
find("mute").onclick = () => {
  muted = !muted;
  sound?.mute(muted);
  find("mute").setAttribute("aria-pressed", muted);
};
find("say").onsubmit = (event) => {
  event.preventDefault();
  const text = find("text").value.trim();
  if (text) send({ type: "say", text });
  find("text").value = "";
};
find("recording").onchange = async () => {
  const [file] = find("recording").files;
  try {
    if (file) await sound?.play(file);
  } catch {
    problem(`${file.name} is no sound that this browser can read. WAV always works.`);
  }
  find("recording").value = "";
};
find("band").onchange = () => sound?.phoneBand(find("band").checked);
for (const id of ["noise", "loss", "jitter"]) find(id).onchange = quality;
find("keypad").onclick = ({ target }) => target.dataset.key && send({ type: "key", key: target.dataset.key });
document.addEventListener("keydown", (event) => {
  if (!socket || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") hangUp();
  else if (/^[0-9*#]$/.test(event.key) && !event.target.closest("input, select")) send({ type: "key", key: event.key });
});
if (find("share")) {
  find("share").onclick = async () => {
    const answer = await fetch(`${root}/phone/share`, { method: "POST" });
    const made = await answer.json();
    if (!answer.ok) return problem(made.problem);
    find("link").value = new URL(made.path, location.href).href;
    find("shared").hidden = false;
    find("link").select();
  };
}
if (location.pathname.startsWith(`${root}/phone/share/`)) history.replaceState(null, "", `${root}/phone`); // the link is a secret

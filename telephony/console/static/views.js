// What is said, and where the time went. Everything is set as text.

function element(tag, className, text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

export class Transcript {
  constructor(list) {
    this.list = list;
    this.clear();
  }

  clear() {
    this.list.replaceChildren();
    this.turns = new Map(); // turn -> the agent's line
    this.spoken = null; // the caller's line, while it is being understood
  }

  add(item) {
    const atEnd = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < 60;
    this.list.append(item);
    if (atEnd) this.list.scrollTop = this.list.scrollHeight;
    return item;
  }

  note(text) {
    this.add(element("li", "note", text));
  }

  agent(turn) {
    let item = this.turns.get(turn);
    if (!item) {
      item = this.add(element("li", "agent"));
      item.append(element("span", "speaker", "Agent"), element("span", "heard"), " ", element("span", "unheard"));
      this.turns.set(turn, item);
    }
    return item;
  }

  saying({ turn, heard, unheard }) {
    const item = this.agent(turn);
    item.querySelector(".heard").textContent = heard;
    item.querySelector(".unheard").textContent = unheard;
  }

  partial(text) {
    if (!text && this.spoken) {
      this.spoken.remove();
      this.spoken = null;
    } else if (text) {
      this.spoken ??= this.caller();
      this.spoken.classList.add("partial");
      this.spoken.querySelector(".words").textContent = text;
    }
  }

  caller() {
    const item = this.add(element("li", "caller"));
    item.append(element("span", "speaker", "You"), element("span", "words"));
    return item;
  }

  line({ who, text, unheard, turn, interrupted }) {
    if (who === "agent") {
      this.saying({ turn, heard: text, unheard });
      this.agent(turn).classList.toggle("interrupted", interrupted);
      this.turns.delete(turn);
    } else if (who === "caller") {
      const item = this.spoken ?? this.caller();
      item.classList.remove("partial");
      item.querySelector(".words").textContent = text;
      this.spoken = null;
    } else {
      this.note(`${who}: ${text}`);
    }
  }
}

// Who has the floor, and the changes before.
export class Floor {
  constructor(place, list) {
    this.place = place;
    this.list = list;
  }

  clear() {
    this.show("", "");
    this.list.replaceChildren();
  }

  show(who, why) {
    this.place.dataset.who = who;
    this.place.textContent = HOLDERS[who] ?? "Nobody";
    if (!why) return;
    this.list.append(element("li", who, why));
    while (this.list.children.length > 4) this.list.firstChild.remove();
  }
}

const HOLDERS = {
  agent: "The agent",
  caller: "You",
  held: "The agent, silent for a moment",
  thinking: "Nobody: the answer is on its way",
};

export class Turns {
  constructor(list) {
    this.list = list;
    this.first = [...list.children];
    this.shown = new Map();
  }

  clear() {
    this.list.replaceChildren(...this.first);
    this.shown.clear();
  }

  show({ turn, stages, answer_ms, ahead_ms, tools, why, over }) {
    if (!this.shown.size) this.list.replaceChildren();
    let item = this.shown.get(turn);
    if (!item) {
      item = document.createElement("li");
      this.shown.set(turn, item);
      this.list.prepend(item);
    }
    const total = stages.reduce((sum, stage) => sum + stage.ms, 0);
    const extra = [tools ? `${tools} tool${tools > 1 ? "s" : ""}` : "", ahead_ms ? `begun ${ahead_ms} ms ahead` : "", why ? `end of turn: ${why}` : ""];
    const answered = answer_ms === null ? `${total} ms so far` : `answered after ${answer_ms} ms`;
    const head = element("div", "", [answered, ...extra.filter(Boolean)].join(", "));
    const bar = element("div", "bar");
    const legend = element("div", "legend");
    bar.setAttribute("aria-hidden", "true");
    for (const { name, ms } of stages.filter((stage) => stage.ms)) {
      const part = element("span", name);
      part.style.width = `${(100 * ms) / Math.max(1, total)}%`;
      part.title = `${name}: ${ms} ms`;
      bar.append(part);
      const label = element("span", "label", `${name} ${ms} ms`);
      label.prepend(element("i", name));
      legend.append(label, " ");
    }
    item.replaceChildren(head, bar, legend);
    item.classList.toggle("over", over);
  }
}

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

  // Whoever has not scrolled back stays at the end, however long a line becomes.
  follow(change) {
    const atEnd = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < 30;
    change();
    if (atEnd) this.list.scrollTop = this.list.scrollHeight;
  }

  add(item) {
    this.follow(() => this.list.append(item));
    return item;
  }

  note(text, details = "") {
    this.add(element("li", "note", details ? `${text} ${details}` : text));
  }

  agent(turn) {
    let item = this.turns.get(turn);
    if (!item) {
      item = element("li", "agent");
      item.append(element("span", "speaker", "Agent"), element("span", "heard"), " ", element("span", "unheard"));
      this.turns.set(turn, this.add(item));
    }
    return item;
  }

  saying({ turn, heard, unheard }) {
    const item = this.agent(turn);
    this.follow(() => {
      item.querySelector(".heard").textContent = heard;
      item.querySelector(".unheard").textContent = unheard;
    });
  }

  partial(text) {
    if (!text && this.spoken) {
      this.spoken.remove();
      this.spoken = null;
    } else if (text) {
      this.spoken ??= this.caller();
      this.spoken.classList.add("partial");
      this.follow(() => (this.spoken.querySelector(".words").textContent = text));
    }
  }

  caller() {
    const item = element("li", "caller");
    item.append(element("span", "speaker", "You"), element("span", "words"));
    return this.add(item);
  }

  line({ who, text, unheard, turn, interrupted }) {
    if (who === "agent") {
      this.saying({ turn, heard: text, unheard });
      this.agent(turn).classList.toggle("interrupted", interrupted);
      this.turns.delete(turn);
    } else if (who === "caller") {
      const item = this.spoken ?? this.caller();
      item.classList.remove("partial");
      this.follow(() => (item.querySelector(".words").textContent = text));
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
    const head = element("div", "", answer_ms === null ? `${total} ms so far` : `answered after ${answer_ms} ms`);
    const extra = [why, ahead_ms >= 20 ? `prepared ${ahead_ms} ms before that was clear` : "", tools ? `${tools} tool${tools > 1 ? "s" : ""}` : ""];
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
    item.replaceChildren(head, element("div", "extra", extra.filter(Boolean).join(" · ")), bar, legend);
    item.classList.toggle("over", over);
  }
}

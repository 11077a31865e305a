// What moves an input: a slider, a choice among values, a switch. `host` has the world, the moves by name, and what is to be
// done while something is dragged and when it rests.

import { bounded, isUncertain, quantile, quantileOf, unbounded } from "./quantiles.js";
import { escaped, human, interval } from "./words.js";

const tidy = (value, places = 4) => Number(value.toFixed(places));

export class Slider {
  constructor(host, name) {
    Object.assign(this, { host, name });
    this.element = document.createElement("div");
    this.element.className = "slider";
    const prior = this.host.world.inputs[name];
    this.element.innerHTML = `<div class="head"><span class="name">${escaped(prior.label)}</span><output></output></div>
<div class="track"><div class="rail"></div><div class="range"></div><div class="tick"></div><span class="handle low"></span><span class="handle high"></span><div class="thumb" tabindex="0" role="slider"></div></div>`;
    const about = document.createElement("details");
    about.className = "source";
    about.innerHTML = `<summary aria-label="Source of ${escaped(prior.label)}">source</summary><p></p>`;
    if (prior.source || prior.meaning || prior.note) this.element.append(about);
    this.about = about.querySelector("p");
    this.track = this.element.querySelector(".track");
    this.thumb = this.element.querySelector(".thumb");
    this.thumb.setAttribute("aria-label", prior.label);
    this.bind();
    this.draw();
  }

  get prior() { return this.host.world.inputs[this.name]; }

  get move() { return this.host.moves[this.name] || { shift: 0, width: 1 }; }

  // The scale of the slider: the prior's own, from its 0.1 % to its 99.9 % quantile and a little more.
  get scale() {
    const y = (z) => unbounded(quantile(this.prior, z), this.prior.ends);
    const [low, middle, high] = [y(-3.3), y(0), y(3.3)];
    return { low: low - 0.15 * (middle - low), high: high + 0.15 * (high - middle), middle, y05: y(-1.6448536269514722), y95: y(1.6448536269514722) };
  }

  draw() {
    const prior = this.prior;
    if (!prior || !isUncertain(prior) || prior.kind === "unused") return;
    const scale = this.scale, move = this.move, pinned = "value" in move;
    const place = (y) => `${Math.max(0, Math.min(100, 100 * (y - scale.low) / (scale.high - scale.low))).toFixed(2)}%`;
    const at = pinned ? unbounded(move.value, prior.ends) : scale.middle + move.shift;
    const [low, high] = pinned ? [at, at] : [at + move.width * (scale.y05 - scale.middle), at + move.width * (scale.y95 - scale.middle)];
    const growth = (value) => `×${value < 10 ? value.toFixed(2) : Number(value.toPrecision(3))}`;
    const say = prior.growth && prior.unit === "1" ? growth : (value) => human(value, prior.unit, prior.share);
    const value = quantileOf(prior, move, 0.5);
    const [from, to] = [0.05, 0.95].map((p) => quantileOf(prior, move, p));
    const range = prior.growth && prior.unit === "1" ? `${growth(from)} to ${growth(to)}` : interval(from, to, prior.unit, prior.share);
    this.element.classList.toggle("pinned", pinned);
    this.element.classList.toggle("changed", this.name in this.host.moves);
    this.thumb.style.left = place(at);
    const rail = this.element.querySelector(".range"), tick = this.element.querySelector(".tick");
    rail.style.left = place(low);
    rail.style.right = `${(100 - parseFloat(place(high))).toFixed(2)}%`;
    tick.style.left = place(scale.middle);
    this.element.querySelector(".low").style.left = place(low);
    this.element.querySelector(".high").style.left = place(high);
    this.element.querySelector("output").innerHTML = `<b>${escaped(say(value))}</b>${pinned ? " pinned" : ` <span class="soft">${escaped(range)}</span>`}`;
    this.thumb.setAttribute("aria-valuemin", 0);
    this.thumb.setAttribute("aria-valuemax", 100);
    this.thumb.setAttribute("aria-valuenow", parseFloat(place(at)).toFixed(0));
    this.thumb.setAttribute("aria-valuetext", pinned ? `${say(value)}, pinned` : `${say(value)}, nine in ten ${range}`);
    this.about.textContent = [prior.meaning, prior.source, prior.note, prior.asOf ? `As of ${prior.asOf}.` : ""].filter(Boolean).join(" · ");
  }

  set(move) {
    const plain = !("value" in move) && Math.abs(move.shift) < 1e-9 && Math.abs(move.width - 1) < 1e-9;
    if (plain) delete this.host.moves[this.name];
    else this.host.moves[this.name] = move;
    this.draw();
    this.host.dragged();
  }

  shift(dy) {
    const move = this.move, scale = this.scale, prior = this.prior;
    const within = (y) => Math.min(Math.max(y, scale.low), scale.high);
    if ("value" in move) this.set({ value: Number(bounded(within(unbounded(move.value, prior.ends) + dy), prior.ends).toPrecision(4)) });
    else this.set({ shift: tidy(within(scale.middle + move.shift + dy) - scale.middle), width: move.width });
  }

  widen(factor) {
    const move = this.move;
    if (!("value" in move)) this.set({ shift: move.shift, width: tidy(Math.min(Math.max(move.width * factor, 0.05), 5), 3) });
  }

  pin() {
    const move = this.move;
    if ("value" in move) this.set({ shift: 0, width: 1 });
    else this.set({ value: Number(quantileOf(this.prior, move, 0.5).toPrecision(4)) });
  }

  bind() {
    const yOf = (event) => {
      const box = this.track.getBoundingClientRect(), scale = this.scale;
      return scale.low + (event.clientX - box.left) / box.width * (scale.high - scale.low);
    };
    this.track.addEventListener("pointerdown", (event) => {
      const from = yOf(event), began = this.move, scale = this.scale;
      const side = event.target.classList.contains("low") ? -1 : event.target.classList.contains("high") ? 1 : 0;
      const at = "value" in began ? unbounded(began.value, this.prior.ends) : scale.middle + began.shift;
      this.track.setPointerCapture(event.pointerId);
      let travelled = false;
      const follow = (now) => {
        const y = yOf(now);
        if (!travelled && Math.abs(now.clientX - event.clientX) < 2) return;
        travelled = true;
        if (side && !("value" in began)) {
          const reach = side > 0 ? scale.y95 - scale.middle : scale.middle - scale.y05;
          this.set({ shift: began.shift, width: tidy(Math.min(Math.max(side * (y - at) / reach, 0.05), 5), 3) });
        } else {
          const now_at = "value" in this.move ? unbounded(this.move.value, this.prior.ends) : scale.middle + this.move.shift;
          this.shift(at + y - from - now_at);
        }
      };
      const end = () => {
        this.track.removeEventListener("pointermove", follow);
        if (travelled) this.host.settled();
      };
      this.track.addEventListener("pointermove", follow);
      this.track.addEventListener("pointerup", end, { once: true });
      this.track.addEventListener("pointercancel", end, { once: true });
      this.thumb.focus({ preventScroll: true });
      event.preventDefault();
    });
    this.track.addEventListener("dblclick", () => { this.pin(); });
    this.thumb.addEventListener("keydown", (event) => {
      const step = (this.scale.high - this.scale.low) / (event.key.startsWith("Page") ? 10 : 50);
      const way = { ArrowRight: 1, ArrowUp: 1, PageUp: 1, ArrowLeft: -1, ArrowDown: -1, PageDown: -1 }[event.key];
      if (way && event.shiftKey) this.widen(way > 0 ? 1.1 : 1 / 1.1);
      else if (way) this.shift(way * step);
      else if (event.key === "Enter" || event.key === " ") this.pin();
      else if (event.key === "Delete" || event.key === "Backspace" || event.key === "Home") this.set({ shift: 0, width: 1 });
      else return;
      event.preventDefault();
    });
  }
}

// An input of a few values: each can be chosen, or left to chance.
export class Choice {
  constructor(host, name) {
    Object.assign(this, { host, name });
    this.element = document.createElement("label");
    this.element.className = "choice";
    const prior = this.host.world.inputs[name];
    this.element.title = prior.meaning;
    this.element.innerHTML = `<span class="name">${escaped(prior.label)}</span> <select><option value="">left to chance</option>${prior.values.map((value) => `<option value="${value}">${value}</option>`).join("")}</select>`;
    this.select = this.element.querySelector("select");
    this.select.addEventListener("change", () => {
      if (this.select.value === "") delete this.host.moves[name];
      else this.host.moves[name] = { value: Number(this.select.value) };
      this.host.settled();
    });
    this.draw();
  }

  draw() { this.select.value = this.host.moves[this.name] ? String(this.host.moves[this.name].value) : ""; }
}

// A switch of the model, such as whether a limit acts.
export class Switch {
  constructor(host, name, text) {
    Object.assign(this, { host, name });
    this.element = document.createElement("label");
    this.element.className = "switch";
    this.element.title = this.host.world.inputs[name].meaning;
    this.element.innerHTML = `<input type="checkbox"> ${escaped(text)}`;
    this.box = this.element.querySelector("input");
    this.box.addEventListener("change", () => {
      const value = this.box.checked ? 1 : 0;
      if (value === this.host.world.inputs[name].value) delete this.host.moves[name];
      else this.host.moves[name] = { value };
      this.host.settled();
    });
    this.draw();
  }

  draw() {
    const prior = this.host.world.inputs[this.name];
    this.box.checked = quantileOf(prior, this.host.moves[this.name], 0.5) > 0.5;
  }
}

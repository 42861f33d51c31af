// The time that is left by the server's clock; this device's own clock may be wrong and is never asked.
export class Clock {
  constructor(now, closes) {
    this.offset = Date.parse(now) - performance.now();
    this.closes = Date.parse(closes);
    this.wall = Date.now() - performance.now();
  }

  // from an answer: the server read its clock somewhere between sending and receiving
  correct(now, closes, sent, received) {
    const before = this.closes;
    if (now) this.offset = Date.parse(now) - (sent + received) / 2;
    if (closes) this.closes = Date.parse(closes);
    this.wall = Date.now() - performance.now();
    return this.closes > before;
  }

  left() {
    return Math.max(0, this.closes - this.now());
  }

  now() {
    return performance.now() + this.offset;
  }

  // the device has slept, or its clock was set: what is shown can no longer be trusted
  jumped() {
    return Math.abs(Date.now() - performance.now() - this.wall) > 2000;
  }
}

export function spelled(milliseconds) {
  const seconds = Math.ceil(milliseconds / 1000);
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (number) => String(number).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${two(minutes)}:${two(rest)}`;
}

export function timeOfDay(milliseconds) {
  return new Date(milliseconds).toLocaleTimeString("zh-CN", { hourCycle: "h23", timeZone: "Asia/Shanghai" });
}

// Shows the time in `element` each half second; tells at 10, 5 and 1 minutes, once each; `over` once, at the end.
export class Countdown {
  constructor(clock, element, { words, say, over, jumped }) {
    Object.assign(this, { clock, element, words, say, over, jumped });
    this.told = new Set([10, 5, 1].filter((minutes) => clock.left() <= minutes * 60_000));
    this.ended = false;
    this.timer = setInterval(() => this.tick(), 500);
    this.tick();
  }

  tick() {
    const left = this.clock.left();
    if (this.clock.jumped()) this.jumped?.();
    if (left > 0) {
      this.ended = false;
      this.element.textContent = this.words.left.replace("{time}", spelled(left));
      this.element.classList.toggle("soon", left <= 300_000);
    }
    for (const minutes of [10, 5, 1]) {
      if (left > minutes * 60_000 || left === 0 || this.told.has(minutes)) continue;
      this.told.add(minutes);
      this.say(this.words.minutes.replace("{n}", minutes));
    }
    if (left === 0 && !this.ended) {
      this.ended = true;
      this.element.textContent = this.words.over;
      this.over();
    }
  }

  longer() {
    this.told = new Set([10, 5, 1].filter((minutes) => this.clock.left() <= minutes * 60_000));
    this.say(this.words.longer.replace("{time}", timeOfDay(this.clock.closes)));
    this.tick();
  }
}

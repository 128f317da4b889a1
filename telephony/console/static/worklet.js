// The sound of the call, in the audio thread: the microphone becomes frames of 20 ms of mu-law at 8,000 Hz, which go to
// the page; frames from the page are played. Both are resampled with a windowed sinc, because the context has the
// sound card's own rate.

const RATE = 8000;
const FRAME = 160;
const HELD_BACK = 3; // frames that wait before playing begins, so that a late one leaves no gap
const MOST = 20; // more than this waiting is only delay: it is cut back to KEPT
const KEPT = 5;
const PHASES = 64;

class Resampler {
  constructor(from, to) {
    const lower = Math.min(from, to);
    this.step = from / to;
    this.half = Math.ceil((10 * from) / lower);
    this.taps = 2 * this.half;
    const cutoff = (0.46 * lower) / from; // of the input's rate
    this.kernel = new Float32Array(PHASES * this.taps);
    for (let phase = 0; phase < PHASES; phase++) {
      let sum = 0;
      for (let tap = 0; tap < this.taps; tap++) {
        const x = tap - this.half + 1 - phase / PHASES;
        const sinc = x === 0 ? 2 * cutoff : Math.sin(2 * Math.PI * cutoff * x) / (Math.PI * x);
        const window = 0.5 + 0.5 * Math.cos((Math.PI * x) / (this.half + 1));
        sum += this.kernel[phase * this.taps + tap] = sinc * window;
      }
      for (let tap = 0; tap < this.taps; tap++) this.kernel[phase * this.taps + tap] /= sum;
    }
    this.input = new Float32Array(16384);
    this.filled = this.half;
    this.at = this.half; // position of the next output in `input`
  }

  // Takes samples; calls `out` with each that comes out.
  push(samples, out) {
    this.input.set(samples, this.filled);
    this.filled += samples.length;
    while (this.at + this.half < this.filled) {
      const whole = Math.floor(this.at);
      const phase = Math.min(PHASES - 1, Math.floor((this.at - whole) * PHASES));
      let value = 0;
      for (let tap = 0, from = whole - this.half + 1; tap < this.taps; tap++) {
        value += this.input[from + tap] * this.kernel[phase * this.taps + tap];
      }
      out(value);
      this.at += this.step;
    }
    const spent = Math.floor(this.at) - this.half;
    this.input.copyWithin(0, spent, this.filled);
    this.filled -= spent;
    this.at -= spent;
  }
}

function encode(value) {
  let sample = Math.max(-32635, Math.min(32635, Math.round(value * 32767)));
  const sign = sample < 0 ? 0x80 : 0;
  sample = Math.abs(sample) + 132;
  const exponent = 31 - Math.clz32(sample >> 7);
  return ~(sign | (exponent << 4) | ((sample >> (exponent + 3)) & 15)) & 255;
}

function decode(code) {
  code = ~code & 255;
  const value = ((((code & 15) << 3) + 132) << ((code >> 4) & 7)) - 132;
  return (code & 128 ? -value : value) / 32768;
}

class Phone extends AudioWorkletProcessor {
  constructor() {
    super();
    this.down = new Resampler(sampleRate, RATE);
    this.up = new Resampler(RATE, sampleRate);
    this.frame = new Uint8Array(FRAME);
    this.size = 0;
    this.waiting = [];
    this.flowing = false;
    this.ready = new Float32Array(16384); // resampled, to be played
    this.readySize = 0;
    this.silence = new Float32Array(128);
    this.port.onmessage = (event) => {
      this.waiting.push(new Uint8Array(event.data));
      if (this.waiting.length > MOST) this.waiting.splice(0, this.waiting.length - KEPT);
    };
  }

  process(inputs, outputs) {
    const channels = inputs[0];
    let samples = channels[0] ?? this.silence;
    if (channels.length > 1) samples = samples.map((value, at) => (value + channels[1][at]) / 2);
    this.down.push(samples, (value) => this.hear(value));
    this.play(outputs[0][0]);
    return true;
  }

  hear(value) {
    this.frame[this.size++] = encode(value);
    if (this.size === FRAME) {
      this.port.postMessage(this.frame.buffer, [this.frame.buffer]);
      this.frame = new Uint8Array(FRAME);
      this.size = 0;
    }
  }

  play(output) {
    if (!this.flowing) this.flowing = this.waiting.length >= HELD_BACK;
    while (this.flowing && this.readySize < output.length) {
      const frame = this.waiting.shift();
      if (frame === undefined) this.flowing = false;
      else this.up.push(Float32Array.from(frame, decode), (value) => (this.ready[this.readySize++] = value));
    }
    const size = Math.min(output.length, this.readySize);
    output.set(this.ready.subarray(0, size));
    this.ready.copyWithin(0, size, this.readySize);
    this.readySize -= size;
  }
}

registerProcessor("phone", Phone);

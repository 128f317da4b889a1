// The page's sound: microphone or recording -> frames of mu-law, and back. See worklet.js.

export class Sound {
  // Opens the sound card; must be called from a tap or a key. `onFrame` is given each 20 ms of the caller.
  static async open(root, onFrame) {
    const context = new AudioContext({ latencyHint: "interactive" });
    await context.audioWorklet.addModule(`${root}/phone/static/worklet.js`);
    await context.resume();
    return new Sound(context, onFrame);
  }

  constructor(context, onFrame) {
    this.context = context;
    this.worklet = new AudioWorkletNode(context, "phone", { numberOfInputs: 1, numberOfOutputs: 1, outputChannelCount: [1] });
    this.worklet.port.onmessage = (event) => onFrame(event.data);
    this.gain = context.createGain();
    this.bands = [];
    this.chain([this.gain, ...this.band(), this.worklet]);
    this.chain([this.worklet, ...this.band(), context.destination]);
    this.stream = null;
    this.recording = null;
  }

  chain(nodes) {
    nodes.slice(1).forEach((node, at) => nodes[at].connect(node));
  }

  // Two filters that pass everything until `phoneBand(true)`.
  band() {
    const [low, high] = ["highpass", "lowpass"].map((type) => new BiquadFilterNode(this.context, { type }));
    this.bands.push([low, high]);
    this.phoneBand(false);
    return [low, high];
  }

  phoneBand(on) {
    for (const [low, high] of this.bands) {
      low.frequency.value = on ? 300 : 10;
      high.frequency.value = on ? 3400 : this.context.sampleRate / 2;
    }
  }

  // Asks for the microphone. Throws what the browser throws if there is none, or it is refused. The agent must not hear
  // itself through the loudspeakers; but noise suppression and
  // gain control change words so that the STT mistakes them.
  async listen() {
    this.stream = await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: true, noiseSuppression: false, autoGainControl: false, channelCount: 1 },
    });
    this.context.createMediaStreamSource(this.stream).connect(this.gain);
  }

  mute(on) {
    for (const track of this.stream?.getAudioTracks() ?? []) track.enabled = !on;
  }

  // Plays a recording into the call, and softly to the listener. Returns when it is over. Throws if it is no sound.
  async play(file) {
    const buffer = await this.context.decodeAudioData(await file.arrayBuffer());
    const source = new AudioBufferSourceNode(this.context, { buffer });
    const soft = new GainNode(this.context, { gain: 0.3 });
    source.connect(this.gain);
    source.connect(soft).connect(this.context.destination);
    await new Promise((resolve) => {
      source.onended = resolve;
      source.start();
    });
  }

  hear(frame) {
    this.worklet.port.postMessage(frame, [frame]);
  }

  async close() {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.worklet.port.onmessage = null;
    await this.context.close();
  }
}

// How loud a frame of mu-law is, from 0 to 1, for the meter: the loudest sample's exponent and mantissa.
export function loudness(frame) {
  let least = 127;
  for (const code of frame) least = Math.min(least, code & 127);
  return (127 - least) / 127;
}

import { CODE, FIRST_WINDOW, MAX_PAYLOAD, MAX_WINDOW, SETTING } from "./frames.ts";
import { breach, Http2Error, wrongSize } from "./http2Error.ts";

const SETTING_BYTES = 6;
const MAX_MAX_FRAME_SIZE = 2 ** 24 - 1;

/**
 * What a server's settings say that matters to a client that never uses a dynamic table and sends no frame that is
 * longer than every server takes.
 */
export class ServerSettings {
  maxStreams = Number.POSITIVE_INFINITY;
  /** The window of a new stream, in bytes. */
  initialWindow = FIRST_WINDOW;

  /** Reads a SETTINGS frame's payload. Throws an Http2Error. */
  read(bytes: Buffer, from: number, length: number): void {
    if (length % SETTING_BYTES !== 0) wrongSize("SETTINGS");
    for (let at = from; at < from + length; at += SETTING_BYTES)
      this.#set(bytes.readUInt16BE(at), bytes.readUInt32BE(at + 2));
  }

  #set(id: number, value: number): void {
    if (id === SETTING.maxConcurrentStreams) this.maxStreams = value;
    else if (id === SETTING.initialWindowSize) {
      if (value > MAX_WINDOW) throw new Http2Error(CODE.flowControl, "an initial window that is too large");
      this.initialWindow = value;
    } else if (id === SETTING.maxFrameSize && (value < MAX_PAYLOAD || value > MAX_MAX_FRAME_SIZE)) {
      breach("a maximum frame size out of range");
    } else if (id === SETTING.enablePush && value !== 0) breach("a server that enables push");
  }
}

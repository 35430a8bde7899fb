/** Types of frames (RFC 9113, section 6). */
export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** Flags of frames; ACK and END_STREAM are the same bit. */
export const FLAG = { ack: 0x1, endStream: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;

/** Identifiers of settings (RFC 9113, section 6.5.2). */
export const SETTING = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
} as const;

/** Error codes (RFC 9113, section 7). */
export const CODE = {
  noError: 0,
  protocol: 1,
  flowControl: 3,
  frameSize: 6,
  cancel: 8,
  compression: 9,
  enhanceYourCalm: 11,
} as const;

/** Bytes of a frame before its payload. */
export const FRAME_HEAD_BYTES = 9;

/** The longest payload that each side takes unless it says otherwise, which this side does not. */
export const MAX_PAYLOAD = 16_384;

/** The size of a window at first, and the largest. */
export const FIRST_WINDOW = 65_535;
export const MAX_WINDOW = 2 ** 31 - 1;

/** What a client sends before its first frame. */
export const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** A frame without its payload. */
export interface FrameHead {
  type: number;
  flags: number;
  stream: number;
  /** Bytes of the payload. */
  length: number;
}

/** Writes a frame's head into `bytes` at `at`. */
export function writeFrameHead(bytes: Buffer, at: number, { type, flags, stream, length }: FrameHead): void {
  bytes[at] = length >>> 16;
  bytes[at + 1] = length >>> 8;
  bytes[at + 2] = length;
  bytes[at + 3] = type;
  bytes[at + 4] = flags;
  writeUint32(bytes, at + 5, stream);
}

export function writeUint32(bytes: Buffer, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** The number of 31 bits at `at`; the bit before it is reserved. */
export function readUint31(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at) & MAX_WINDOW;
}

/** A frame whose payload is numbers of 32 bits. */
export function frameOf(type: number, stream: number, numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(FRAME_HEAD_BYTES + 4 * numbers.length);
  writeFrameHead(bytes, 0, { type, flags: 0, stream, length: 4 * numbers.length });
  for (const [place, value] of numbers.entries()) writeUint32(bytes, FRAME_HEAD_BYTES + 4 * place, value);
  return bytes;
}

/** A SETTINGS frame. */
export function settingsFrame(settings: readonly (readonly [id: number, value: number])[]): Buffer {
  const bytes = Buffer.alloc(FRAME_HEAD_BYTES + 6 * settings.length);
  writeFrameHead(bytes, 0, { type: FRAME.settings, flags: 0, stream: 0, length: 6 * settings.length });
  for (const [place, [id, value]] of settings.entries()) {
    bytes.writeUInt16BE(id, FRAME_HEAD_BYTES + 6 * place);
    writeUint32(bytes, FRAME_HEAD_BYTES + 6 * place + 2, value);
  }
  return bytes;
}

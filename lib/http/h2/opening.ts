import { FIRST_WINDOW, FRAME, frameOf, PREFACE, SETTING, settingsFrame } from "./frames.ts";

/**
 * How many bytes the server may send to a stream, and to a whole connection, before it needs a window update: as much
 * as Go's client gives a stream, so that large responses wait for the server and not for this side.
 */
export const STREAM_WINDOW_BYTES = 4 * 1024 * 1024;
export const CONNECTION_WINDOW_BYTES = 64 * 1024 * 1024;

/** Maximum bytes of a head or of trailers, as they come and decoded: the same as over HTTP/1.1. */
export const MAX_HEAD_BYTES = 64 * 1024;

/** The size of the table with which the server may compress heads: without one, the same head has the same bytes. */
export const TABLE_BYTES = 0;

/** What a client sends first. */
export const OPENING = Buffer.concat([
  PREFACE,
  settingsFrame([
    [SETTING.headerTableSize, TABLE_BYTES],
    [SETTING.enablePush, 0],
    [SETTING.initialWindowSize, STREAM_WINDOW_BYTES],
    [SETTING.maxHeaderListSize, MAX_HEAD_BYTES],
  ]),
  frameOf(FRAME.windowUpdate, 0, [CONNECTION_WINDOW_BYTES - FIRST_WINDOW]),
]);

import assert from "node:assert/strict";
import { test } from "node:test";
import { textStyle } from "../../bin/terminal.ts";

const terminal = { isTTY: true, columns: 97 } as NodeJS.WriteStream;
const pipe = {} as NodeJS.WriteStream;

test("colours: in a terminal, not with NO_COLOR, --no-color or a dumb one, and in a pipe with FORCE_COLOR alone", () => {
  const colour = (stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv, options = {}): boolean =>
    textStyle(stream, options, env).colour;
  assert.equal(colour(terminal, {}), true);
  assert.equal(colour(terminal, { NO_COLOR: "1" }), false);
  assert.equal(colour(terminal, { NO_COLOR: "" }), true, "an empty NO_COLOR asks for nothing");
  assert.equal(colour(terminal, { TERM: "dumb" }), false);
  assert.equal(colour(terminal, {}, { color: false }), false);
  assert.equal(colour(pipe, {}), false);
  assert.equal(colour(pipe, { FORCE_COLOR: "1" }), true);
  assert.equal(colour(pipe, { FORCE_COLOR: "1" }, { color: false }), false);
});

test("columns: the terminal's, else COLUMNS, else 120, and never fewer than a table needs", () => {
  assert.equal(textStyle(terminal, {}, { COLUMNS: "60" }).columns, 97);
  assert.equal(textStyle(pipe, {}, { COLUMNS: "60" }).columns, 60);
  assert.equal(textStyle(pipe, {}, { COLUMNS: "wide" }).columns, 120);
  assert.equal(textStyle(pipe, {}, {}).columns, 120);
  assert.equal(textStyle({ isTTY: true, columns: 8 } as NodeJS.WriteStream, {}, {}).columns, 40);
});

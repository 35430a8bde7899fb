import assert from "node:assert/strict";
import { test } from "node:test";
import { printData, printError } from "../../bin/output.ts";

const DATA = '{"name":"\u009b2J\u202ekava"}\n';

test("data is printed unchanged into a pipe, and without what a terminal would obey on a terminal", (t) => {
  const written: unknown[] = [];
  const { isTTY } = process.stdout;
  t.after(() => {
    process.stdout.isTTY = isTTY;
  });
  const write = t.mock.method(process.stdout, "write", (text: unknown) => written.push(text) > 0);
  process.stdout.isTTY = false;
  printData(DATA);
  process.stdout.isTTY = true;
  printData(DATA);
  write.mock.restore();
  assert.deepEqual(written, [DATA, '{"name":"?kava"}\n']);
});

test("an error message that quotes a server is not obeyed by a terminal", (t) => {
  const written: unknown[] = [];
  const write = t.mock.method(process.stderr, "write", (text: unknown) => written.push(text) > 0);
  printError("volley: the server says \u001b]8;;http://a/\u0007no\u202e\nat line 2");
  write.mock.restore();
  assert.deepEqual(written, ["volley: the server says no?\nat line 2\n"]);
});

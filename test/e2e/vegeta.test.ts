import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { temporaryFolder } from "../support/folder.ts";
import { recordingServer } from "../support/recorder.ts";
import { ROOT, reportOf, volley } from "../support/volley.ts";

/** Target files in vegeta's formats, with ORIGIN for the server's; bodies stand beside them. */
const FILES = ["headers.txt", "bodies.txt", "urls.txt", "crlf.txt", "json.txt"];
const FOLDER = `${ROOT}test/golden/vegeta`;

/** What vegeta sent for these files, as bytes (one character each); written by `VOLLEY_RECORD=1` and this test. */
const RECORDED = `${FOLDER}/recorded.json`;

interface Recorded {
  by: string;
  requests: Record<string, string[]>;
}

const recorded = JSON.parse(readFileSync(RECORDED, "utf8")) as Recorded;

test("a target file gives the bytes that vegeta sends for it", { timeout: 60_000 }, async (t) => {
  const { folder, origin, requests } = await startRecording(t);
  const chains = FILES.map((file) => ({
    name: file,
    rps: recorded.requests[file]?.length,
    targets: file,
    expect: "http",
  }));
  writeFileSync(
    `${folder}/plan.json`,
    JSON.stringify({ name: "same-bytes", chains, duration: "1s", preflight: false }),
  );
  const ended = await volley(["run", `${folder}/plan.json`, "--out", folder, "--json"]);
  assert.equal(reportOf(folder, ended).total.ledger.sent, FILES.flatMap((file) => recorded.requests[file]).length);
  const own = requests.map((each) => normalised(each, origin)).sort();
  const expected = FILES.flatMap((file) => recorded.requests[file] ?? []).sort();
  assert.deepEqual(own, expected);
});

test("the recorded bytes are those of vegeta, where it is installed", { timeout: 60_000 }, async (t) => {
  const program = [...(process.env.PATH ?? "").split(delimiter), process.env.GOBIN ?? `${homedir()}/go/bin`]
    .map((folder) => `${folder}/vegeta`)
    .find(existsSync);
  if (program === undefined) {
    assert.match(recorded.by, /^vegeta v12/);
    return;
  }
  const made: Recorded = { by: `vegeta v12.12.0`, requests: {} };
  for (const file of FILES) {
    const { folder, origin, requests } = await startRecording(t);
    const { length } = readFileSync(`${folder}/${file}`, "utf8").match(/ORIGIN|http:\/\/127/g) ?? [];
    const format = file === "json.txt" ? "json" : "http";
    const args = ["attack", "-targets", file, "-format", format, "-rate", `${length}/s`, "-duration", "1s"];
    await promisify(execFile)(program, [...args, "-output", "/dev/null"], { cwd: folder });
    made.requests[file] = requests.map((each) => normalised(each, origin)).sort();
  }
  if (process.env.VOLLEY_RECORD) writeFileSync(RECORDED, `${JSON.stringify(made, null, 2)}\n`);
  else assert.deepEqual(made.requests, recorded.requests);
});

/** A recording server, and a copy of the target files that names it. */
async function startRecording(t: TestContext) {
  const folder = temporaryFolder(t);
  const { origin, requests } = await recordingServer(t);
  cpSync(FOLDER, folder, { recursive: true });
  for (const file of FILES) {
    writeFileSync(`${folder}/${file}`, readFileSync(`${FOLDER}/${file}`, "utf8").replaceAll("ORIGIN", origin));
  }
  return { folder, origin, requests };
}

/**
 * A request without what differs on purpose: the order of headers (vegeta sorts them, ours stay as written), each
 * program's own User-Agent and Accept-Encoding where the target has none, vegeta's number of the request, and the port.
 */
function normalised(request: string, origin: string): string {
  const { host } = new URL(origin);
  const end = request.indexOf("\r\n\r\n");
  const [line = "", ...headers] = request.slice(0, end).split("\r\n");
  const defaults = ["User-Agent: Go-http-client/1.1", "User-Agent: volley", "Accept-Encoding: gzip"];
  const kept = headers.filter((header) => !defaults.includes(header) && !header.startsWith("X-Vegeta-Seq: "));
  return [line, ...kept.map((header) => header.replace(host, "HOST")).sort(), "", request.slice(end + 4)].join("\r\n");
}

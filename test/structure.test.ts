import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { test } from "node:test";
import { VARIABLES } from "../scripts/references/environment.ts";
import { REFERENCES } from "../scripts/references/files.ts";

/** The rooms in the order of a plan's way: a file imports from its own room and those before it. */
const ROOMS = [
  "guard",
  "schedule",
  "plan",
  "planfile",
  "store",
  "answers",
  "results",
  "http",
  "ws",
  "attack",
  "observe",
  "gateway",
  "capacity",
  "report",
  "render",
  "live",
]
  .concat(["fleet", "stages", "doctor", "stepfunctions", "local", "cloud", "api"])
  .map((room) => `lib/${room}`)
  .concat(["functions", "bin"]);

/** The largest share of lib's lines that one folder may hold. */
const LARGEST_SHARE = 0.16;

const files = execFileSync("git", ["ls-files"], { encoding: "utf8" }).trim().split("\n").filter(existsSync);
const sources = new Map(
  files.filter((file) => /^(lib|functions|bin)\/.*\.ts$/.test(file)).map((file) => [file, readFileSync(file, "utf8")]),
);
const everything = files.filter((file) => /\.(ts|mjs)$/.test(file)).map((file) => [file, readFileSync(file, "utf8")]);

const roomOf = (file: string): string =>
  file
    .split("/")
    .slice(0, file.startsWith("lib/") ? 2 : 1)
    .join("/");

test("a file imports only from its own room and from the rooms before it", () => {
  const wrong: string[] = [];
  for (const [file, text] of sources) {
    for (const [, specifier = ""] of text.matchAll(/(?:from|import\()\s*"(\.[^"]+)"/g)) {
      const imported = normalize(join(dirname(file), specifier));
      const [from, to] = [ROOMS.indexOf(roomOf(file)), ROOMS.indexOf(roomOf(imported))];
      if (from === -1 || to > from) wrong.push(`${file} imports ${imported}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test("only lib/cloud and bin/app.ts know of the CDK", () => {
  const wrong = [...sources].filter(([file, text]) => {
    return !file.startsWith("lib/cloud/") && file !== "bin/app.ts" && /from "(aws-cdk-lib|constructs)/.test(text);
  });
  assert.deepEqual(
    wrong.map(([file]) => file),
    [],
  );
});

test("every function, class and value that a file exports is used by another", () => {
  const unused: string[] = [];
  for (const [file, text] of sources) {
    for (const [, name = ""] of text.matchAll(/^export (?:async )?(?:function\*?|class|const) (\w+)/gm)) {
      if (name === "handler") continue;
      const named = new RegExp(`\\b${name}\\b`);
      if (!everything.some(([other, body]) => other !== file && named.test(body ?? "")))
        unused.push(`${file}: ${name}`);
    }
  }
  assert.deepEqual(unused, []);
});

test("documents and comments name files that exist", () => {
  const gone: string[] = [];
  for (const file of files.filter((each) => /\.md$/.test(each))) {
    for (const [, path = ""] of readFileSync(file, "utf8").matchAll(
      /`((?:bin|lib|functions|test|bench|plans|docs|schema|statemachines|fleet|examples)\/[\w./-]+\.\w+)`/g,
    )) {
      if (!existsSync(path)) gone.push(`${file}: ${path}`);
    }
    for (const [, link = ""] of readFileSync(file, "utf8").matchAll(/\]\(([^)#: ]+)(?:#[^)]*)?(?: "[^"]*")?\)/g)) {
      if (!existsSync(join(dirname(file), link))) gone.push(`${file}: ${link}`);
    }
  }
  assert.deepEqual(gone, []);
});

test("each feature in the comparison links to a test by its name, and each cell of a peer to its documentation", () => {
  const text = readFileSync("docs/comparison.md", "utf8");
  const gone = [...text.matchAll(/\]\(\.\.\/(test\/[\w/.]+)(?: "([^"]*)")?\)/g)].flatMap(([, file = "", name = ""]) => {
    return name !== "" && existsSync(file) && readFileSync(file, "utf8").includes(name) ? [] : `${file}: ${name}`;
  });
  assert.deepEqual(gone, []);
  const rows = [...text.matchAll(/^\| [^|]+ \|(?: [^|]+ \|){6}$/gm)].map(([row]) => row.split(" | ").slice(1));
  assert.ok(rows.length > 20);
  for (const [own = "", ...peers] of rows.filter(([first]) => first !== "Volley")) {
    assert.match(own, /^(no|\[yes\]\(.*\))$/);
    for (const cell of peers) {
      const [, reference = ""] = /^\[[^\]]+\]\[([\w-]+)\]/.exec(cell) ?? [];
      assert.match(text, new RegExp(`^\\[${reference}\\]: https://`, "m"), `${own}: ${cell}`);
    }
  }
});

test("no folder of lib holds more than its share of the lines", () => {
  const lines = new Map<string, number>();
  for (const [file, text] of sources) {
    if (file.startsWith("lib/")) lines.set(roomOf(file), (lines.get(roomOf(file)) ?? 0) + text.split("\n").length);
  }
  const sum = [...lines.values()].reduce((a, b) => a + b, 0);
  const large = [...lines].filter(([, count]) => count / sum >= LARGEST_SHARE);
  assert.deepEqual(large, []);
});

test("docs/architecture.md says for every room which question it answers, and where to begin", () => {
  const rows = readFileSync("docs/architecture.md", "utf8")
    .split("\n")
    .flatMap((line) => /^\| [^|]+\? \| `([\w/]+)` \| `/.exec(line)?.[1] ?? []);
  assert.deepEqual(rows, ROOMS);
});

test("the report's page is what esbuild makes of its sources: npm run page", () => {
  const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as { scripts: Record<string, string> };
  const [command = "", ...options] = scripts.page?.split(" ") ?? [];
  const toStdout = options.filter((option) => !option.startsWith("--outfile"));
  const bundle = execFileSync(`node_modules/.bin/${command}`, toStdout, { encoding: "utf8" });
  assert.ok(bundle === readFileSync("lib/render/page/page.js", "utf8"), "npm run page writes lib/render/page/page.js");
});

for (const [file, make] of Object.entries(REFERENCES)) {
  test(`docs/reference/${file} is what the sources say: npm run references writes it`, () => {
    assert.equal(readFileSync(`docs/reference/${file}`, "utf8"), make());
  });
}

test("the reference lists each environment variable that the sources name, and no other", () => {
  const read = globSync("{bin,lib,functions}/**/*.ts").flatMap((file) => {
    const text = readFileSync(file, "utf8");
    const own = text.match(/\bVOLLEY_[A-Z_]+[A-Z]/g) ?? [];
    const others = [...text.matchAll(/\benv\.([A-Z_]+)\b/g)].map(([, name = ""]) => name);
    return [...own, ...others, ...(text.includes("AWS_LAMBDA_FUNCTION_NAME") ? ["AWS_LAMBDA_FUNCTION_NAME"] : [])];
  });
  const listed = VARIABLES.map((name) => name.replace("_…", ""));
  assert.deepEqual([...new Set(read)].toSorted(), listed.toSorted());
});

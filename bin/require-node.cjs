// Loaded before every entry, and written for old versions of Node: without it they fail on the first file with a message
// that names neither the cause nor the cure. The sources need Node 24, which runs TypeScript; a package runs on 22.
"use strict";
const isBuilt = /\.js$/.test(process.argv[1] || "");
const least = isBuilt ? [22, 19] : [24, 0];
const found = process.versions.node.split(".").map(Number);
if (found[0] < least[0] || (found[0] === least[0] && found[1] < least[1])) {
  process.stderr.write(
    "volley: needs Node " +
      (isBuilt ? least.join(".") : least[0]) +
      " or newer, and this is Node " +
      process.versions.node +
      " (" +
      process.execPath +
      ").\n" +
      (isBuilt
        ? "Install a newer one; or, on Linux, put Node 24 beside Volley: npm install node-linux-" +
          process.arch +
          "@24\n"
        : "On Linux (x64, arm64) `npm ci` brings Node 24 along; run it without --omit=optional. " +
          "Elsewhere install Node 24 and put it first on the PATH.\n"),
  );
  process.exit(2);
}
// Compiled code, and types that were stripped, are kept for the next call: `volley --help` takes half as long.
require("node:module").enableCompileCache();

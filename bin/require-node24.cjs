// Loaded before every entry, and written for old versions of Node: without it they fail on the first `.ts` file
// with a message that names neither the cause nor the cure.
"use strict";
const major = Number(process.versions.node.split(".")[0]);
if (major < 24) {
  process.stderr.write(
    "volley: needs Node 24 or newer, and this is Node " +
      process.versions.node +
      " (" +
      process.execPath +
      ").\nOn Linux (x64, arm64) `npm ci` brings Node 24 along; run it without --omit=optional. " +
      "Elsewhere install Node 24 and put it first on the PATH.\n",
  );
  process.exit(2);
}

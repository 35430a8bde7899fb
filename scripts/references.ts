import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { REFERENCES } from "./references/files.ts";

/* Generates docs/reference/ from the sources: `npm run references`. */

const FOLDER = fileURLToPath(new URL("../docs/reference/", import.meta.url));

mkdirSync(FOLDER, { recursive: true });
for (const [file, make] of Object.entries(REFERENCES)) writeFileSync(`${FOLDER}${file}`, make());

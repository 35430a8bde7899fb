import { Command } from "commander";
import { keepsUp, type Load, type Measurement } from "./generators/generator.ts";
import { vegeta } from "./generators/vegeta.ts";
import { volley } from "./generators/volley.ts";
import { whatIsMissing } from "./machine.ts";
import { startNginx } from "./server.ts";

/*
 * `npm run bench:smoke`: Volley keeps up with twice the rate that vegeta keeps up with, on the same core in the same
 * minute. A run on a busy machine says little about either, but a change that halves Volley's rate fails here.
 */

const SERVER_CORE = 1;
const GENERATOR_CORE = 0;
const SECONDS = 3;

/** How many times vegeta's rate Volley has to keep up with; the bench finds more than three. */
const RATIO = 2;

/** Above what vegeta can send: how much it sends of this is where the search for its rate begins. */
const OVERLOAD_RPS = 60_000;

/** Shares of that rate at which vegeta is tried; it keeps up with one of them unless the machine is full. */
const SHARES = [1, 0.8, 0.6];

/** Most rounds: another process may take the core away for a moment. */
const ROUNDS = 3;

new Command("bench:smoke")
  .description("Check that Volley keeps up with twice the rate that vegeta keeps up with, in less than a minute.")
  .parse();

const peer = vegeta(64);
const missing = whatIsMissing();
if (missing !== undefined) {
  say(missing);
  process.exitCode = 2;
} else if (peer.version() === undefined) {
  say(`SKIPPED: Volley was not compared with vegeta, which is not installed: ${peer.install}`);
} else {
  process.exitCode = await compare();
}

/** Compares both in rounds until Volley keeps up, and returns the exit code. */
async function compare(): Promise<number> {
  const server = await startNginx(SERVER_CORE);
  try {
    const load = { url: server.url, core: GENERATOR_CORE, seconds: SECONDS, wire: "http" as const };
    for (let round = 0; round < ROUNDS; round++) {
      if (await isAhead(load)) return 0;
    }
    return 1;
  } finally {
    await server.stop();
  }
}

async function isAhead(load: Omit<Load, "rps">): Promise<boolean> {
  const peerRps = await rateOfPeer(load);
  if (peerRps === undefined) {
    say("FAILED: vegeta kept up with no rate, so there is nothing to compare with: the machine is full");
    return false;
  }
  const rps = RATIO * peerRps;
  const found = await volley.measure({ ...load, rps });
  const isAhead = keepsUp(found);
  const outcome = isAhead ? `and Volley with ${rps}/s` : `but Volley sent ${Math.round(found.rps)}/s of ${rps}/s`;
  say(`on the same core, vegeta keeps up with ${peerRps}/s ${outcome}`);
  return isAhead;
}

/** The highest of a few rates that vegeta keeps up with, or undefined if there is none. */
async function rateOfPeer(load: Omit<Load, "rps">): Promise<number | undefined> {
  const measure = (rps: number): Promise<Measurement> => peer.measure({ ...load, rps });
  const { rps: most } = await measure(OVERLOAD_RPS);
  for (const share of SHARES) {
    const rps = Math.round(most * share);
    if (keepsUp(await measure(rps))) return rps;
  }
  return undefined;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

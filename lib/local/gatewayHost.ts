import type { GatewaySettings } from "../plan/schema.ts";
import { startGateway } from "./gateway.ts";
import { exercise } from "./gatewayExercise.ts";

/* The stand-in gateway's process: starts it with the settings that the parent sends, and ends when the parent does. */

process.on("disconnect", () => process.exit(0));
process.once("message", async (settings) => {
  try {
    await exercise(settings as GatewaySettings);
    const { origin } = await startGateway(settings as GatewaySettings);
    process.send?.({ origin });
  } catch (error) {
    process.send?.({ error: (error as Error).message }, () => process.exit(1));
  }
});

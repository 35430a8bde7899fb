import { exercise } from "./exercise.ts";
import { startGateway } from "./gateway.ts";
import type { GatewayStart } from "./gatewayProcess.ts";

/* The stand-in gateway's process: starts it with the settings that the parent sends, and exits when the parent does. */

process.on("disconnect", () => process.exit(0));
process.once("message", async (message) => {
  const { settings, address } = message as GatewayStart;
  try {
    await exercise(settings);
    const { origin } = await startGateway(settings, { address });
    process.send?.({ origin });
  } catch (error) {
    process.send?.({ error: (error as Error).message }, () => process.exit(1));
  }
});

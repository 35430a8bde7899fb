import type { AddressInfo } from "node:net";
import { startNullServer } from "../attack/nullServer.ts";

/* The process of a self-test's null server: prints its port, and ends when its standard input does. */

const server = await startNullServer();
process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
process.stdin.resume().once("end", () => process.exit(0));

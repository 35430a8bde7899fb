import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";

/**
 * Starts an HTTP server in place of an AWS service, for a client in this process: `variable` is the environment variable
 * that names the endpoint. The server ends with the test, and the environment is then as it was.
 */
export async function startService(test: TestContext, variable: string, answer: RequestListener): Promise<void> {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  const before = { ...process.env };
  test.after(() => {
    process.env = before;
    server.close();
    server.closeAllConnections();
  });
  Object.assign(process.env, {
    [variable]: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "example",
    AWS_SECRET_ACCESS_KEY: "example",
  });
}

/** A request's whole body, as text. */
export async function textOf(request: AsyncIterable<unknown>): Promise<string> {
  let text = "";
  for await (const piece of request) text += String(piece);
  return text;
}

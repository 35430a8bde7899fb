import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";

/**
 * A metadata service as IMDSv2 is: it gives tokens, and answers nobody who has none. `notices` are its next answers to who
 * asks for a Spot notice: a notice or a status; 404 when there are none left. `asked` is what was asked for.
 */
export async function metadataService(t: TestContext, notices: (string | number)[]) {
  const asked: string[] = [];
  let tokens = 0;
  const answer = ({ method, url, headers }: IncomingMessage): [status: number, body: string] => {
    asked.push(`${method} ${url}`);
    if (method === "PUT" && url === "/latest/api/token") {
      const lasts = headers["x-aws-ec2-metadata-token-ttl-seconds"];
      return lasts === "21600" ? [200, `token-${++tokens}`] : [400, ""];
    }
    if (headers["x-aws-ec2-metadata-token"] !== `token-${tokens}`) return [401, ""];
    if (url !== "/latest/meta-data/spot/instance-action") return [500, ""];
    const next = notices.shift() ?? 404;
    return typeof next === "number" ? [next, ""] : [200, next];
  };
  const server = createServer((request, response) => {
    const [status, body] = answer(request);
    response.writeHead(status).end(body);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

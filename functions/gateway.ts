import { answer } from "../lib/gateway/answers.ts";
import { gatewaySchema } from "../lib/plan/gatewaySchema.ts";

/** The relevant part of a call by a function URL. */
interface UrlCall {
  body?: string;
  isBase64Encoded?: boolean;
}

const [CHAIN] = gatewaySchema.parse({}).chains;

/** The stand-in gateway that a stack can contain, for `volley verify`: responds to JSON-RPC behind a function URL. */
export async function handler({ body = "", isBase64Encoded = false }: UrlCall) {
  if (!CHAIN) throw new Error("the stand-in gateway has no chain");
  const text = isBase64Encoded ? Buffer.from(body, "base64").toString() : body;
  return {
    statusCode: 200,
    headers: { "Content-Type": "application/json" },
    body: answer(text, CHAIN, performance.now(), false).text,
  };
}

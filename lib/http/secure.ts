import { readFile } from "node:fs/promises";
import { createSecureContext, rootCertificates, type SecureContext } from "node:tls";
import { SECRET_VALUE } from "../plan/placeholders.ts";
import type { Plan } from "../plan/schema.ts";

/** The TLS settings, with the plan's certificates loaded. */
export interface Secure {
  context: SecureContext;
  /** Accepts any certificate. */
  insecure: boolean;
  /** The server name to request, and that the certificate must have, instead of the target's host. */
  serverName?: string;
}

/**
 * Loads the plan's certificates and key; `secret` resolves a reference. Rejects with a message that never contains the
 * values.
 */
export async function secureOf(
  tls: NonNullable<Plan["tls"]>,
  secret: (reference: string) => Promise<string>,
): Promise<Secure> {
  const read = async (field: "ca" | "cert" | "key"): Promise<string | undefined> => {
    const value = tls[field];
    if (value === undefined) return undefined;
    // Environments and stores often escape line breaks as text.
    return SECRET_VALUE.test(value) ? (await secret(value)).replaceAll("\\n", "\n") : readFile(value, "utf8");
  };
  const [ca, cert, key] = await Promise.all([read("ca"), read("cert"), read("key")]);
  try {
    const context = createSecureContext({
      // Trusts a private gateway's CA in addition to the public ones.
      ...(ca !== undefined && { ca: [...rootCertificates, ca] }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
    });
    return { context, insecure: tls.insecure, ...(tls.serverName !== undefined && { serverName: tls.serverName }) };
  } catch (error) {
    const { code = "no PEM" } = error as NodeJS.ErrnoException;
    throw new Error(
      `the plan's tls cannot be used (${code}): expected ca, cert and key in PEM format that fit together`,
    );
  }
}

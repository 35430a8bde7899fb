import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { DecryptCommand, GenerateDataKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import { SecretError } from "../../lib/attack/secrets.ts";
import { sealedSecretsKey } from "../../lib/store/keys.ts";
import { readJson, type Store } from "../../lib/store/store.ts";

/** AES-256-GCM with a key from KMS, and an IV and a tag of the usual lengths, in bytes. */
const CIPHER = "aes-256-gcm";
const IV_BYTES = 12;

/** How often a call to KMS is tried: all workers of a segment decrypt at the same time. */
const MAX_ATTEMPTS = 8;

/** A run's secrets as they are in the store. All fields are in base64. */
interface Sealed {
  /** The data key, which only KMS can decrypt. */
  dataKey: string;
  iv: string;
  tag: string;
  /** The values by reference, as JSON, encrypted. */
  secrets: string;
}

/**
 * Writes a run's secrets to the store, encrypted with a new data key of the KMS key `keyId`. Only a role that may decrypt
 * with that key can read them, and only as secrets of this run.
 */
export async function sealSecrets(
  { store, keyId }: { store: Store; keyId: string },
  runId: string,
  secrets: ReadonlyMap<string, string>,
): Promise<void> {
  const client = new KMSClient({ maxAttempts: MAX_ATTEMPTS });
  const command = new GenerateDataKeyCommand({ KeyId: keyId, KeySpec: "AES_256", EncryptionContext: { run: runId } });
  const { Plaintext, CiphertextBlob } = await client.send(command);
  client.destroy();
  if (!Plaintext || !CiphertextBlob) throw new Error(`KMS gave no data key for ${keyId}`);
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, Plaintext, iv);
  const text = Buffer.concat([cipher.update(JSON.stringify([...secrets])), cipher.final()]);
  const sealed: Sealed = {
    dataKey: Buffer.from(CiphertextBlob).toString("base64"),
    iv: iv.toString("base64"),
    tag: cipher.getAuthTag().toString("base64"),
    secrets: text.toString("base64"),
  };
  await store.put(sealedSecretsKey(runId), JSON.stringify(sealed));
}

/**
 * The values of a run's secrets, by reference; undefined if Plan has sealed none. Their key is in `region`, this function's
 * by default. Rejects with a SecretError if they cannot be decrypted, or belong to another run.
 */
export async function openSecrets(
  store: Store,
  runId: string,
  region?: string,
): Promise<Map<string, string> | undefined> {
  const sealed = await readJson<Sealed>(store, sealedSecretsKey(runId));
  if (!sealed) return undefined;
  try {
    const client = new KMSClient({ maxAttempts: MAX_ATTEMPTS, ...(region !== undefined && { region }) });
    const CiphertextBlob = Buffer.from(sealed.dataKey, "base64");
    const { Plaintext } = await client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: { run: runId } }));
    client.destroy();
    if (!Plaintext) throw new Error("KMS gave no key");
    const decipher = createDecipheriv(CIPHER, Plaintext, Buffer.from(sealed.iv, "base64"));
    decipher.setAuthTag(Buffer.from(sealed.tag, "base64"));
    const text = Buffer.concat([decipher.update(Buffer.from(sealed.secrets, "base64")), decipher.final()]).toString();
    return new Map(JSON.parse(text) as [reference: string, value: string][]);
  } catch (error) {
    throw new SecretError(
      `the run's secrets cannot be decrypted: ${(error as Error).name}: ${(error as Error).message}`,
    );
  }
}

import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { SecretError } from "../lib/attack/secrets.ts";

/** The value of a secret:// or ssm:// reference. Rejects with a SecretError that names it, and never its value. */
export async function storedSecret(reference: string): Promise<string> {
  const [, kind, name = ""] = /^(\w+):\/\/(.+)$/.exec(reference) ?? [];
  try {
    const value = kind === "ssm" ? await parameter(name) : await secret(name);
    if (value !== undefined) return value;
  } catch (error) {
    throw new SecretError(`${reference} cannot be read: ${(error as Error).name}: ${(error as Error).message}`);
  }
  throw new SecretError(`${reference} has no text`);
}

async function secret(name: string): Promise<string | undefined> {
  const { SecretString } = await new SecretsManagerClient().send(new GetSecretValueCommand({ SecretId: name }));
  return SecretString;
}

async function parameter(name: string): Promise<string | undefined> {
  const command = new GetParameterCommand({ Name: `/${name.replace(/^\/+/, "")}`, WithDecryption: true });
  const { Parameter } = await new SSMClient().send(command);
  return Parameter?.Value;
}

import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  NoSuchKey,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from "@aws-sdk/client-s3";
import type { Store, StoreTime } from "./store.ts";

/** How often a conditional write is tried again that met another one in the same moment. */
const MOST_CONFLICTS = 5;

/** The Date header's resolution, in ms. */
const DATE_RESOLUTION_MS = 1_000;

/** A store in an S3 bucket. Throttling and passing errors are tried again by the SDK, with growing pauses. */
export class S3Store implements Store {
  readonly #bucket: string;
  readonly #client: S3Client;

  constructor(bucket: string, client = new S3Client({ maxAttempts: 8 })) {
    this.#bucket = bucket;
    this.#client = client;
  }

  async put(key: string, body: string): Promise<void> {
    // The bucket's lifecycle goes by this: chunks are of no use once the run is reduced.
    const tagging = key.includes("/chunks/") ? { Tagging: "kind=chunk" } : {};
    await this.#client.send(new PutObjectCommand({ Bucket: this.#bucket, Key: key, Body: body, ...tagging }));
  }

  async putIfAbsent(key: string, body: string): Promise<boolean> {
    for (let conflicts = 0; ; conflicts++) {
      try {
        await this.#client.send(new PutObjectCommand({ Bucket: this.#bucket, Key: key, Body: body, IfNoneMatch: "*" }));
        return true;
      } catch (error) {
        const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
        // There is one; it may be ours, written by a call whose answer was lost and which the SDK made again.
        if (status === 412) return (await this.get(key)) === body;
        // Two at the same time: neither is there yet.
        if (status !== 409 || conflicts >= MOST_CONFLICTS) throw error;
      }
    }
  }

  async get(key: string): Promise<string | undefined> {
    try {
      const { Body } = await this.#client.send(new GetObjectCommand({ Bucket: this.#bucket, Key: key }));
      return await Body?.transformToString("utf-8");
    } catch (error) {
      if (error instanceof NoSuchKey) return undefined;
      throw error;
    }
  }

  async list(prefix: string): Promise<string[]> {
    const keys: string[] = [];
    let token: string | undefined;
    do {
      const page = await this.#client.send(
        new ListObjectsV2Command({
          Bucket: this.#bucket,
          Prefix: prefix,
          ...(token !== undefined && { ContinuationToken: token }),
        }),
      );
      for (const { Key } of page.Contents ?? []) if (Key !== undefined) keys.push(Key);
      token = page.NextContinuationToken;
    } while (token !== undefined);
    return keys;
  }

  async time(key: string): Promise<StoreTime | undefined> {
    let date: string | undefined;
    const command = new HeadObjectCommand({ Bucket: this.#bucket, Key: key });
    // The SDK keeps the response's head to itself but for what the operation returns.
    command.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        date = (result.response as { headers?: Record<string, string> }).headers?.date;
        return result;
      },
      { step: "deserialize", name: "date" },
    );
    await this.#client.send(command);
    return date === undefined ? undefined : { atMs: Date.parse(date), resolutionMs: DATE_RESOLUTION_MS };
  }
}

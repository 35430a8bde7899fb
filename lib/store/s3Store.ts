import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  type ListObjectsV2CommandOutput,
  NoSuchKey,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { request } from "undici";
import { isIntermediate } from "./keys.ts";
import type { ListOptions, Store, StoreTime } from "./store.ts";

/** How often a conditional write is retried after a conflict with a concurrent one. */
const MAX_CONFLICTS = 5;

/** The Date header's resolution, in ms. */
const DATE_RESOLUTION_MS = 1_000;

/** How long connecting may take, and how long a socket may stay silent, in ms: a request that hangs is retried. */
const TIMEOUTS = { connectionTimeout: 5_000, socketTimeout: 20_000 };

/** How long a signed URL is valid, in s, and how long before its expiry it is replaced, in ms. */
const SIGNED_S = 900;
const SIGNED_SPARE_MS = 300_000;

/** How long one poll may take, in ms. */
const POLL_TIMEOUT_MS = 5_000;

/** A client for buckets of a region, or of this process's. */
export function s3Client(region?: string): S3Client {
  return new S3Client({ maxAttempts: 8, requestHandler: TIMEOUTS, ...(region !== undefined && { region }) });
}

/** A store in an S3 bucket. The SDK retries throttling and transient errors, with growing pauses. */
export class S3Store implements Store {
  readonly #bucket: string;
  readonly #client: S3Client;

  constructor(bucket: string, client = s3Client()) {
    this.#bucket = bucket;
    this.#client = client;
  }

  async put(key: string, body: string): Promise<void> {
    await this.#client.send(this.#put(key, body));
  }

  async putIfAbsent(key: string, body: string): Promise<boolean> {
    for (let conflicts = 0; ; conflicts++) {
      try {
        await this.#client.send(this.#put(key, body, "*"));
        return true;
      } catch (error) {
        const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
        // The object exists. It may be ours: the SDK retries a call whose response was lost.
        if (status === 412) return (await this.get(key)) === body;
        // Two concurrent writes: neither object exists yet.
        if (status !== 409 || conflicts >= MAX_CONFLICTS) throw error;
      }
    }
  }

  #put(key: string, body: string, ifNoneMatch?: "*"): PutObjectCommand {
    return new PutObjectCommand({
      Bucket: this.#bucket,
      Key: key,
      Body: body,
      ...(ifNoneMatch && { IfNoneMatch: ifNoneMatch }),
      // The bucket's lifecycle rule uses this tag.
      ...(isIntermediate(key) && { Tagging: "kind=intermediate" }),
    });
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

  /** Signs once for many polls, and polls without the SDK, whose handling of "no such key" costs a worker more CPU. */
  poll(key: string): () => Promise<string | undefined> {
    let signed: { url: string; untilMs: number } | undefined;
    const sign = async (): Promise<{ url: string; untilMs: number }> => {
      const command = new GetObjectCommand({ Bucket: this.#bucket, Key: key });
      const url = await getSignedUrl(this.#client, command, { expiresIn: SIGNED_S });
      return { url, untilMs: Date.now() + SIGNED_S * 1_000 - SIGNED_SPARE_MS };
    };
    return async () => {
      if (!signed || Date.now() > signed.untilMs) signed = await sign();
      const { statusCode, body } = await request(signed.url, { signal: AbortSignal.timeout(POLL_TIMEOUT_MS) });
      if (statusCode === 200) return body.text();
      await body.dump();
      if (statusCode === 404) return undefined;
      // The credentials that signed it may have expired.
      signed = undefined;
      throw new Error(`S3 answered HTTP ${statusCode} for ${key}`);
    };
  }

  async list(prefix: string, { startAfter }: ListOptions = {}): Promise<string[]> {
    const keys: string[] = [];
    for await (const { Contents = [] } of this.#pages({ Prefix: prefix, StartAfter: startAfter })) {
      for (const { Key } of Contents) if (Key !== undefined) keys.push(Key);
    }
    return keys;
  }

  /** The names of the folders directly below a prefix, in order: a request for each 1,000 of them, not of their keys. */
  async folders(prefix: string): Promise<string[]> {
    const names: string[] = [];
    for await (const { CommonPrefixes = [] } of this.#pages({ Prefix: prefix, Delimiter: "/" })) {
      for (const { Prefix = prefix } of CommonPrefixes) names.push(Prefix.slice(prefix.length, -1));
    }
    return names;
  }

  /** The pages of a listing, of 1,000 keys or folders each. */
  async *#pages(
    listing: Pick<ListObjectsV2CommandInput, "Prefix" | "StartAfter" | "Delimiter">,
  ): AsyncGenerator<ListObjectsV2CommandOutput> {
    let token: string | undefined;
    do {
      const command = new ListObjectsV2Command({ ...listing, Bucket: this.#bucket, ContinuationToken: token });
      const page = await this.#client.send(command);
      yield page;
      token = page.NextContinuationToken;
    } while (token !== undefined);
  }

  async time(key: string): Promise<StoreTime | undefined> {
    let date: string | undefined;
    const command = new HeadObjectCommand({ Bucket: this.#bucket, Key: key });
    // The SDK does not expose the response's headers, except what the operation returns.
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

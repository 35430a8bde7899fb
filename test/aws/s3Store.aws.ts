import assert from "node:assert/strict";
import { test } from "node:test";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { lastWordsPlace } from "../../lib/store/lastWords.ts";
import { S3Store } from "../../lib/store/s3Store.ts";
import { storeContract } from "../support/storeContract.ts";
import { startStandIn } from "./standIn.ts";

storeContract("S3", async (t) => {
  const aws = await startStandIn(t);
  if (!aws) return undefined;
  const client = new S3Client({ endpoint: aws.endpoint, maxAttempts: 8 });
  await client.send(new CreateBucketCommand({ Bucket: "contract" }));
  return new S3Store("contract", client);
});

test("a thread without a store puts an object into the bucket by its URL", async (t) => {
  const aws = await startStandIn(t);
  if (!aws) return;
  const client = new S3Client({ endpoint: aws.endpoint });
  await client.send(new CreateBucketCommand({ Bucket: "words" }));
  const before = { ...process.env };
  t.after(() => {
    process.env = before;
  });
  process.env.AWS_ENDPOINT_URL = aws.endpoint;
  const place = await lastWordsPlace("s3:words", "runs/r/failures/w000-s00/1.txt");
  assert.ok("url" in place);
  assert.equal((await fetch(place.url, { method: "PUT", body: "why" })).status, 200);
  assert.equal(await new S3Store("words", client).get("runs/r/failures/w000-s00/1.txt"), "why");
});

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { CreateBucketCommand, GetObjectTaggingCommand, S3Client } from "@aws-sdk/client-s3";
import {
  chunkKey,
  histogramsKey,
  leaseKey,
  linesKey,
  logsKey,
  partKey,
  planKey,
  reportKey,
  scheduleKey,
  scrapeKey,
  sealedSecretsKey,
  summaryKey,
  trialId,
  watchedKey,
} from "../../lib/store/keys.ts";
import { lastWordsPlace } from "../../lib/store/lastWords.ts";
import { S3Store } from "../../lib/store/s3Store.ts";
import { temporaryFolder } from "../support/folder.ts";
import { planInput } from "../support/plans.ts";
import { answeringServer, jsonResponse, RELAY } from "../support/servers.ts";
import { storeContract } from "../support/storeContract.ts";
import { startVolley, volley } from "../support/volley.ts";
import { startStandIn } from "./standIn.ts";

storeContract("S3", async (t) => {
  const aws = await startStandIn(t);
  if (!aws) return undefined;
  const client = new S3Client({ endpoint: aws.endpoint, maxAttempts: 8 });
  await client.send(new CreateBucketCommand({ Bucket: "contract" }));
  return new S3Store("contract", client);
});

test("what only a report needs is tagged for the bucket's lifecycle rule, and a plan or a report is not", async (t) => {
  const aws = await startStandIn(t);
  if (!aws) return;
  const client = new S3Client({ endpoint: aws.endpoint });
  await client.send(new CreateBucketCommand({ Bucket: "tagged" }));
  const store = new S3Store("tagged", client);
  const expiring = [
    chunkKey("r", "w000-s00", 1, 1),
    summaryKey("r", "w000-s00", 1),
    scrapeKey("r", 0),
    logsKey("r", 0),
    watchedKey("r", 0),
    partKey("r", 0),
    linesKey("r", "w000-s00"),
    sealedSecretsKey("r"),
    summaryKey(trialId("r", 1), "w000-s00", 1),
  ];
  const kept = [planKey("r"), scheduleKey("r"), reportKey("r", "json"), histogramsKey("r"), "baselines/good.json"];
  for (const key of [...expiring, ...kept]) await store.put(key, "{}");
  const lease = leaseKey("r", "w000-s00", 1);
  await store.putIfAbsent(lease, "{}");
  const tagged: string[] = [];
  for (const key of [...expiring, ...kept, lease]) {
    const { TagSet } = await client.send(new GetObjectTaggingCommand({ Bucket: "tagged", Key: key }));
    if (TagSet?.some(({ Key, Value }) => Key === "kind" && Value === "intermediate")) tagged.push(key);
  }
  assert.deepEqual(tagged, [...expiring, lease]);
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

test("a run that a local runner keeps in a bucket is listed and served from there, without a deployment", async (t) => {
  const aws = await startStandIn(t);
  if (!aws) return;
  await new S3Client({ endpoint: aws.endpoint }).send(new CreateBucketCommand({ Bucket: "kept-runs" }));
  const where = ["--store", "s3:kept-runs"];
  assert.match((await volley(["runs", ...where], aws.env)).stdout, /^no runs in s3:kept-runs yet$/m);
  const target = await answeringServer(t, () => jsonResponse(RELAY));
  const folder = temporaryFolder(t);
  writeFileSync(`${folder}/plan.json`, JSON.stringify(planInput(target.origin)));
  await volley(["run", `${folder}/plan.json`, "--out", folder, ...where], aws.env);
  const listed = await volley(["runs", ...where, "--json"], aws.env);
  const { id, state } = JSON.parse(listed.stdout) as { id: string; state: string };
  assert.match(state, /^(passed|invalid)$/, listed.stdout + listed.stderr);
  const serving = startVolley(["serve", ...where, "--port", "0"], aws.env);
  t.after(() => serving.child.kill("SIGKILL"));
  const [, url = ""] = await serving.printed(/^all runs at (http:\S+);/m);
  assert.ok((await (await fetch(url)).text()).includes(id));
  assert.match(await (await fetch(`${url}runs/${id}/`)).text(), /ethereum/);
});

test("keys, and folders by their names, are listed from all pages of a listing", async (t) => {
  process.env.MOTO_S3_DEFAULT_MAX_KEYS = "2";
  t.after(() => delete process.env.MOTO_S3_DEFAULT_MAX_KEYS);
  const aws = await startStandIn(t);
  if (!aws) return;
  const client = new S3Client({ endpoint: aws.endpoint });
  await client.send(new CreateBucketCommand({ Bucket: "folders" }));
  const store = new S3Store("folders", client);
  const keys = [
    "hosts/h/x",
    "runs/a/chunks/x/1",
    "runs/a/plan.json",
    "runs/b/plan.json",
    "runs/c/plan.json",
    "runs/loose",
  ];
  for (const key of keys) await store.put(key, "{}");
  assert.deepEqual(await store.folders("runs/"), ["a", "b", "c"]);
  assert.deepEqual(await store.folders("none/"), []);
  assert.deepEqual(await store.list(""), keys);
  assert.deepEqual(await store.list("runs/", { startAfter: "runs/a/plan.json" }), keys.slice(3));
});

import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
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

import assert from "node:assert/strict";
import { test } from "node:test";
import { Match } from "aws-cdk-lib/assertions";
import { templateOf } from "../support/template.ts";

const KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const TARGET = { url: "https://gateway.example/", body: { jsonrpc: "2.0", method: "eth_chainId", params: [], id: 1 } };
const PLAN = { name: "nightly", chains: [{ name: "ethereum", rps: 1, targets: [TARGET] }], duration: "1m" };
const NIGHTLY = { name: "nightly", expression: "rate(1 day)", plan: PLAN };

test("the bucket is encrypted with your key, and all who read or write objects may use it", () => {
  const own = templateOf({ bucketKeyArn: KEY, fleet: "true", allowedHosts: "gateway.example", schedules: [NIGHTLY] });
  own.hasResourceProperties("AWS::S3::Bucket", {
    BucketEncryption: {
      ServerSideEncryptionConfiguration: [
        {
          BucketKeyEnabled: true,
          ServerSideEncryptionByDefault: { KMSMasterKeyID: KEY, SSEAlgorithm: "aws:kms" },
        },
      ],
    },
  });
  const policies = ["Policy", "ManagedPolicy"].flatMap((type) =>
    Object.entries(own.findResources(`AWS::IAM::${type}`)),
  );
  let readers = 0;
  for (const [id, { Properties }] of policies) {
    const statements = Properties.PolicyDocument.Statement as { Action: unknown; Resource: unknown }[];
    const ofRuns = statements.filter(({ Action, Resource }) => {
      return [Action].flat().includes("s3:GetObject") && /Runs/.test(JSON.stringify(Resource));
    });
    if (ofRuns.length === 0) continue;
    readers++;
    const key = statements.find(({ Resource }) => Resource === KEY);
    assert.deepEqual(key?.Action, ["kms:Decrypt", "kms:GenerateDataKey"], id);
  }
  // Six functions, the state machine, the fleet's hosts, the comparison, the operators.
  assert.equal(readers, 10);
});

test("secrets under your own keys can be decrypted by who reads them, through the secrets' services only", () => {
  const secretArns = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:gateway-key-??????";
  const own = templateOf({ secretArns, secretKeyArns: KEY });
  const statement = Match.objectLike({
    Action: "kms:Decrypt",
    Resource: KEY,
    Condition: { StringLike: { "kms:ViaService": ["secretsmanager.*", "ssm.*"] } },
  });
  const document = { PolicyDocument: { Statement: Match.arrayWith([statement]) } };
  own.resourcePropertiesCountIs("AWS::IAM::Policy", document, 2);
});

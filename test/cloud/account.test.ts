import assert from "node:assert/strict";
import { test } from "node:test";
import { templateOf } from "../support/template.ts";

test("every role, policy and profile has the account's path, and every resource its tags", () => {
  const own = templateOf({ iamPath: "/loadtest/", tags: "team=payments,note=a=b", fleet: "true" });
  for (const type of ["Role", "ManagedPolicy", "InstanceProfile"]) {
    own.allResourcesProperties(`AWS::IAM::${type}`, { Path: "/loadtest/" });
  }
  for (const type of ["AWS::S3::Bucket", "AWS::Lambda::Function", "AWS::StepFunctions::StateMachine"]) {
    for (const { Properties } of Object.values(own.findResources(type))) {
      const tags = new Map((Properties.Tags as { Key: string; Value: string }[]).map(({ Key, Value }) => [Key, Value]));
      assert.deepEqual([tags.get("team"), tags.get("note")], ["payments", "a=b"], type);
    }
  }
});

test("a malformed path or tag is refused at synthesis", () => {
  assert.throws(() => templateOf({ iamPath: "loadtest" }), /iamPath is loadtest; expected a path such as \/loadtest\//);
  for (const tags of ["team", ["team"], { team: 1 }]) {
    assert.throws(() => templateOf({ tags }), /tags is .*expected an object of texts, or text such as team=payments/);
  }
});

import { App, Stack } from "aws-cdk-lib";
import { LoadTest } from "volley/cdk";

const app = new App();
const stack = new Stack(app, "load-test");
new LoadTest(stack, "LoadTest", { allowedHosts: ["gateway.example"], maxRps: 5_000, maxUsdPerRun: 2 });

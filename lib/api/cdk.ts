/* What `import … from "volley/cdk"` gives. */

// biome-ignore lint/performance/noBarrelFile: the package's entry
export { LoadTest, type LoadTestProps } from "../cloud/loadTest.ts";

/* What `import … from "volley/cdk"` gives. */

// biome-ignore lint/performance/noBarrelFile: the package's entry
export { type Home, homeOf } from "../cloud/home.ts";
export { LoadTest, type LoadTestProps } from "../cloud/loadTest.ts";
export { RegionStack, type RegionStackProps } from "../cloud/regionStack.ts";

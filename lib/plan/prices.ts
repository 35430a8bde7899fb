/**
 * AWS's list prices in US dollars, without free tiers and discounts: us-east-1, arm64, as published in November 2025 on
 * the pricing pages of each service.
 */
export const PRICES = {
  region: "us-east-1",
  asOf: "2025-11",
  lambdaGbSecond: 0.0000133334,
  lambdaRequest: 0.2 / 1_000_000,
  stateTransition: 0.025 / 1_000,
  s3Put: 0.005 / 1_000,
  s3Get: 0.0004 / 1_000,
  logGb: 0.5,
  egressGb: 0.09,
  /** Between two regions. */
  regionGb: 0.02,
  /** Processed by a NAT gateway, in either direction. */
  natGb: 0.045,
  /** An hour of a c7g.large on demand, and of a public IPv4 address. */
  hostHour: 0.0725,
  addressHour: 0.005,
};

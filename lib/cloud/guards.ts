import { Duration } from "aws-cdk-lib";
import { isHostEntry } from "../guard/hostGuard.ts";
import { DEFAULT_SETTING } from "../plan/estimate.ts";
import type { Guards } from "../plan/guards.ts";
import type { Home } from "./home.ts";
import type { LoadTestProps } from "./loadTest.ts";

/** A deployment's guards, without the stand-in gateway's host. Throws if a host is malformed. */
export function guardsOf(props: LoadTestProps, home: Home | undefined): Guards {
  const { allowedHosts = [], observeHosts = [], maxDuration = Duration.hours(6), regions = [] } = props;
  const { fleetMaxHosts: maxHosts = 20, fleetWorkersPerHost: workersPerHost = 1 } = props;
  const wrong = [...allowedHosts, ...observeHosts].filter((each) => !isHostEntry(each));
  if (wrong.length > 0)
    throw new Error(`allowedHosts and observeHosts: no host, address or block: ${wrong.join(", ")}`);
  return {
    allowedHosts,
    observeHosts,
    maxRps: props.maxRps ?? 50_000,
    maxDurationMs: maxDuration.toMilliseconds(),
    maxWorkers: props.maxWorkers ?? 200,
    maxUsd: props.maxUsdPerRun ?? 10,
    ...(home && { regions: { home: home.region, others: regions } }),
    ...(props.fleet && { maxHosts }),
    setting: {
      workerMb: props.workerMemoryMb ?? DEFAULT_SETTING.workerMb,
      isBehindNat: props.fixedEgress === true,
      ...(props.fleet && { workersPerHost }),
    },
  };
}

/** Extra hosts to start beyond those that a run needs: a spare can take over from one that dies. */
const SPARE_HOSTS = 1;

/**
 * Makes a deployment's fleet start the hosts that run this many workers, and a spare; does nothing without a fleet.
 * Suspends zone rebalancing, which would terminate hosts in the middle of a run.
 */
export async function startHosts(workers: number): Promise<void> {
  const { VOLLEY_FLEET_GROUP: group, VOLLEY_FLEET_MAX_HOSTS: most } = process.env;
  const { VOLLEY_FLEET_WORKERS_PER_HOST: perHost = "1" } = process.env;
  if (group === undefined) return;
  const { AutoScalingClient, SuspendProcessesCommand } = await import("@aws-sdk/client-auto-scaling");
  const suspended = { AutoScalingGroupName: group, ScalingProcesses: ["AZRebalance"] };
  await new AutoScalingClient().send(new SuspendProcessesCommand(suspended));
  const hosts = Math.ceil(workers / Number(perHost));
  await setHosts(group, Math.min(hosts + SPARE_HOSTS, Number(most ?? Number.POSITIVE_INFINITY)));
}

/** Sets an Auto Scaling group's desired capacity, without waiting for a cooldown. */
export async function setHosts(group: string, hosts: number): Promise<void> {
  // Loaded on demand: runs that only use Lambda do not need it.
  const { AutoScalingClient, SetDesiredCapacityCommand } = await import("@aws-sdk/client-auto-scaling");
  await new AutoScalingClient().send(
    new SetDesiredCapacityCommand({ AutoScalingGroupName: group, DesiredCapacity: hosts, HonorCooldown: false }),
  );
}

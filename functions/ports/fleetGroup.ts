/** Extra hosts to start beyond those that a run needs: a spare can take over from one that dies. */
const SPARE_HOSTS = 1;

/**
 * Makes sure that a deployment's fleet has the hosts that run this many workers, and a spare; does nothing without a
 * fleet. Hosts that are there already, or on their way for another run, are kept. Suspends zone rebalancing, which would
 * terminate hosts in the middle of a run.
 */
export async function startHosts(workers: number): Promise<void> {
  const { VOLLEY_FLEET_GROUP: group, VOLLEY_FLEET_MAX_HOSTS: most } = process.env;
  const { VOLLEY_FLEET_WORKERS_PER_HOST: perHost = "1" } = process.env;
  if (group === undefined) return;
  const { AutoScalingClient, DescribeAutoScalingGroupsCommand, SuspendProcessesCommand } = await import(
    "@aws-sdk/client-auto-scaling"
  );
  const client = new AutoScalingClient();
  await client.send(new SuspendProcessesCommand({ AutoScalingGroupName: group, ScalingProcesses: ["AZRebalance"] }));
  const wanted = Math.ceil(workers / Number(perHost)) + SPARE_HOSTS;
  const hosts = Math.min(wanted, Number(most ?? Number.POSITIVE_INFINITY));
  const { AutoScalingGroups: [found] = [] } = await client.send(
    new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [group] }),
  );
  if (hosts > (found?.DesiredCapacity ?? 0)) await setHosts(group, hosts);
}

/** Sets an Auto Scaling group's desired capacity, without waiting for a cooldown. */
export async function setHosts(group: string, hosts: number): Promise<void> {
  // Loaded on demand: runs that only use Lambda do not need it.
  const { AutoScalingClient, SetDesiredCapacityCommand } = await import("@aws-sdk/client-auto-scaling");
  await new AutoScalingClient().send(
    new SetDesiredCapacityCommand({ AutoScalingGroupName: group, DesiredCapacity: hosts, HonorCooldown: false }),
  );
}

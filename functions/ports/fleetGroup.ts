/** Hosts that are started besides those that a run needs: one that dies has somebody to take over. */
const SPARE_HOSTS = 1;

/**
 * Has a deployment's fleet start this many hosts and a spare one; does nothing where it has none. Zones are not balanced
 * meanwhile: that would end hosts in mid-run.
 */
export async function startHosts(hosts: number): Promise<void> {
  const { VOLLEY_FLEET_GROUP: group, VOLLEY_FLEET_MAX_HOSTS: most } = process.env;
  if (group === undefined) return;
  const { AutoScalingClient, SuspendProcessesCommand } = await import("@aws-sdk/client-auto-scaling");
  const suspended = { AutoScalingGroupName: group, ScalingProcesses: ["AZRebalance"] };
  await new AutoScalingClient().send(new SuspendProcessesCommand(suspended));
  await setHosts(group, Math.min(hosts + SPARE_HOSTS, Number(most ?? Number.POSITIVE_INFINITY)));
}

/** Sets how many hosts an Auto Scaling group is to have; at once, whatever it did last. */
export async function setHosts(group: string, hosts: number): Promise<void> {
  // Loaded where it is used: runs in Lambda alone need none of it.
  const { AutoScalingClient, SetDesiredCapacityCommand } = await import("@aws-sdk/client-auto-scaling");
  await new AutoScalingClient().send(
    new SetDesiredCapacityCommand({ AutoScalingGroupName: group, DesiredCapacity: hosts, HonorCooldown: false }),
  );
}

/** Has a deployment's fleet start this many hosts; does nothing where it has none. */
export async function startHosts(hosts: number): Promise<void> {
  const { VOLLEY_FLEET_GROUP: group } = process.env;
  if (group !== undefined) await setHosts(group, hosts);
}

/** Sets how many hosts an Auto Scaling group is to have; at once, whatever it did last. */
export async function setHosts(group: string, hosts: number): Promise<void> {
  // Loaded where it is used: runs in Lambda alone need none of it.
  const { AutoScalingClient, SetDesiredCapacityCommand } = await import("@aws-sdk/client-auto-scaling");
  await new AutoScalingClient().send(
    new SetDesiredCapacityCommand({ AutoScalingGroupName: group, DesiredCapacity: hosts, HonorCooldown: false }),
  );
}

import { AutoScalingClient, SetDesiredCapacityCommand } from "@aws-sdk/client-auto-scaling";

/** Sets how many hosts an Auto Scaling group is to have; at once, whatever it did last. */
export async function setHosts(group: string, hosts: number): Promise<void> {
  await new AutoScalingClient().send(
    new SetDesiredCapacityCommand({ AutoScalingGroupName: group, DesiredCapacity: hosts, HonorCooldown: false }),
  );
}

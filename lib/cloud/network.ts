import {
  CfnEIP,
  GatewayVpcEndpointAwsService,
  IpAddresses,
  type IVpc,
  NatProvider,
  SubnetType,
  Vpc,
} from "aws-cdk-lib/aws-ec2";
import type { Construct } from "constructs";
import type { LoadTestProps } from "./loadTest.ts";

/** A deployment's network: a new one with fixed egress, an existing one, or none. Throws if the settings conflict. */
export function networkOf(
  scope: Construct,
  { fixedEgress = false, egressAllocationIds = [], vpc, ipv6 = false }: LoadTestProps,
): { vpc: IVpc | undefined; addresses: string[] } {
  if (fixedEgress && vpc) throw new Error("vpc and fixedEgress exclude each other: an existing network, or a new one");
  if (egressAllocationIds.length > 0 && !fixedEgress) throw new Error("egressAllocationIds needs fixedEgress");
  if (ipv6 && !vpc) throw new Error("ipv6 needs vpc: an existing network with dual-stack subnets");
  return fixedEgress ? fixedNetwork(scope, egressAllocationIds) : { vpc, addresses: [] };
}

/** Zones of the network; each has one NAT gateway, unless fewer addresses are given. */
const ZONES = 2;

/**
 * A network whose load leaves through NAT gateways from fixed addresses: those with these allocation ids, or new ones.
 * `addresses` are the new addresses, or the given allocation ids.
 */
function fixedNetwork(scope: Construct, allocationIds: string[]): { vpc: IVpc; addresses: string[] } {
  if (allocationIds.length > ZONES) {
    throw new Error(`egressAllocationIds has ${allocationIds.length} entries; expected at most ${ZONES}`);
  }
  const own = allocationIds.length > 0;
  const vpc = new Vpc(scope, "Network", {
    ipAddresses: IpAddresses.cidr("10.84.0.0/20"),
    maxAzs: ZONES,
    natGateways: own ? allocationIds.length : ZONES,
    ...(own && { natGatewayProvider: NatProvider.gateway({ eipAllocationIds: allocationIds }) }),
    subnetConfiguration: [
      { name: "public", subnetType: SubnetType.PUBLIC, cidrMask: 26 },
      { name: "workers", subnetType: SubnetType.PRIVATE_WITH_EGRESS, cidrMask: 22 },
    ],
  });
  // Chunks and polls reach S3 without a NAT gateway's price per GB.
  vpc.addGatewayEndpoint("S3", { service: GatewayVpcEndpointAwsService.S3 });
  const made = vpc.node
    .findAll()
    .filter((each) => each instanceof CfnEIP)
    .map((address) => address.attrPublicIp);
  // The CDK's types conflict under exactOptionalPropertyTypes.
  return { vpc: vpc as IVpc, addresses: own ? allocationIds : made };
}

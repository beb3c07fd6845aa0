import { aws_ec2 as ec2 } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge';

/** Where runners are launched. */
export interface RunnerNetworkProps {
  /**
   * A VPC that is there already. Nothing is added to it unless `gatewayEndpoints` asks for it.
   *
   * @default - a new one: two zones, private subnets, one NAT gateway
   */
  readonly vpc?: ec2.IVpc;

  /**
   * Which subnets of the VPC.
   *
   * @default - the private ones with a way out, or the public ones with `publicSubnets`
   */
  readonly subnets?: ec2.SubnetSelection;

  /**
   * Runners in public subnets, each with a public address and no way in. Saves the NAT gateway (about 36 dollars a
   * month, and 4.5 cents a GB).
   *
   * @default false
   */
  readonly publicSubnets?: boolean;

  /**
   * Gateway endpoints for S3 and DynamoDB, which are free and keep that traffic off the NAT gateway. Their policy is the
   * default one: a gateway takes all of a subnet's traffic to that service, also a job's. A route table can have one.
   *
   * @default - true for a new VPC, false for one of your own
   */
  readonly gatewayEndpoints?: boolean;
}

/** The network of runners: no way in, everything out. */
export class RunnerNetwork extends Construct {
  /** The VPC. */
  public readonly vpc: ec2.IVpc;
  /** The subnets of the runners. */
  public readonly subnets: ec2.SubnetSelection;
  /** Whether runners get a public address. */
  public readonly assignPublicIp: boolean;

  constructor(scope: Construct, id: string, props: RunnerNetworkProps = {}) {
    super(scope, id);
    this.assignPublicIp = props.publicSubnets ?? false;
    this.vpc = props.vpc ?? this.makeVpc();
    this.subnets = props.subnets ?? {
      subnetType: this.assignPublicIp ? ec2.SubnetType.PUBLIC : ec2.SubnetType.PRIVATE_WITH_EGRESS,
    };
    if (props.gatewayEndpoints ?? props.vpc === undefined) this.addGatewayEndpoints();
  }

  private makeVpc(): ec2.Vpc {
    const publicOnes = { name: 'public', subnetType: ec2.SubnetType.PUBLIC, mapPublicIpOnLaunch: this.assignPublicIp };
    const privateOnes = { name: 'runners', subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS };
    const vpc = new ec2.Vpc(this, 'Vpc', {
      maxAzs: 2,
      natGateways: this.assignPublicIp ? 0 : 1,
      subnetConfiguration: this.assignPublicIp ? [publicOnes] : [publicOnes, privateOnes],
      // It would need a function of the CDK's own. Nothing of ours uses the default group.
      restrictDefaultSecurityGroup: false,
    });
    acknowledge(vpc, 'AwsSolutions-VPC7', 'Flow logs cost more than the network: a choice of who owns the account.');
    return vpc;
  }

  private addGatewayEndpoints(): void {
    const subnets = [this.subnets];
    this.vpc.addGatewayEndpoint('S3', { service: ec2.GatewayVpcEndpointAwsService.S3, subnets });
    this.vpc.addGatewayEndpoint('DynamoDb', { service: ec2.GatewayVpcEndpointAwsService.DYNAMODB, subnets });
  }
}

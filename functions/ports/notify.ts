/** Publishes to the deployment's topic; without one, only writes to the log. */
export async function notify(subject: string, text: string): Promise<void> {
  const { VOLLEY_TOPIC: topic } = process.env;
  if (topic === undefined) return void process.stdout.write(`${subject}\n${text}`);
  // Loaded on demand: most deployments have no topic.
  const { PublishCommand, SNSClient } = await import("@aws-sdk/client-sns");
  await new SNSClient().send(new PublishCommand({ TopicArn: topic, Subject: subject, Message: text }));
}

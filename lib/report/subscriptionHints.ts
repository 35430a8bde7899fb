import { remedyOf } from "./limits.ts";
import { moreFilesText } from "./reasons.ts";
import type { Report } from "./schema.ts";

type Hint = Report["hints"][number];

/** What kept notifications from subscribers, with remedies. */
export function subscriptionHints(report: Pick<Report, "chains" | "run" | "generator">): Hint[] {
  return report.chains.flatMap(({ name: chain, subscriptions = [] }) =>
    subscriptions.flatMap((each): Hint[] => {
      const of = `${chain}, ${each.name}`;
      const hints: Hint[] = [];
      if (each.subscribed > 0 && each.notifications === 0 && each.name.startsWith("newHeads")) {
        const evidence = `${each.subscribed} subscriptions were confirmed, and no block came on any of them`;
        const remedy =
          "Look whether the node follows its chain; a run has to be longer than the time between two blocks";
        hints.push({ what: `${of}: nothing was announced`, evidence, remedy });
      }
      const { "file-limit": unopened = 0 } = each.failures;
      if (unopened > 0) {
        const evidence = `subscribers found no file for their socket ${unopened} times`;
        const remedy = `There are more subscribers than a worker may have connections: ${moreFilesText(remedyOf(report))}`;
        hints.push({ what: `${of}: the generator ran out of file descriptors`, evidence, remedy });
      }
      if (each.silent > 0) {
        const evidence = `${each.silent} of ${each.subscribers} received nothing more while others did, on sockets that stayed open`;
        const remedy =
          "Look at what closes a subscription behind the gateway and leaves the socket open: a node that restarted, a full buffer";
        hints.push({ what: `${of}: subscriptions fell silent`, evidence, remedy });
      }
      if (each.missed > 0) {
        const evidence = `${each.missed} of ${each.expected} due notifications never came (${each.missedByNumber} by block number)`;
        const remedy =
          "Look at what drops messages between the node and the subscriber; a client has to fetch what it missed";
        hints.push({ what: `${of}: notifications were missed`, evidence, remedy });
      }
      if (each.doubled > 0) {
        const evidence = `${each.doubled} came to a subscriber that had them already`;
        hints.push({
          what: `${of}: notifications were doubled`,
          evidence,
          remedy: "A client has to know what it has seen",
        });
      }
      return hints;
    }),
  );
}

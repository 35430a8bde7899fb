/** Maximum connections that are being opened in advance at a time: a handshake takes a millisecond or two of a core. */
const AT_ONCE = 100;

/**
 * Calls `create` up to `most` times, as long as `goesOn` is true and for a hundred connections at a time. `create` calls
 * back when its connection is open or has failed. Resolves when all have.
 */
export async function openInAdvance(
  most: number,
  goesOn: () => boolean,
  create: (settled: () => void) => void,
): Promise<void> {
  let left = most;
  const openOneByOne = async (): Promise<void> => {
    while (left-- > 0 && goesOn()) await new Promise<void>(create);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, most) }, openOneByOne));
}

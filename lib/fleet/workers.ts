/** From this number of cores on, `auto` leaves one core to the kernel's network and the host's own process. */
const MANY_CORES = 4;

/** The number of workers that use a host with this many cores: one for each core that the machine does not need. */
export function autoWorkers(cores: number): number {
  return cores < MANY_CORES ? cores : cores - 1;
}

/** The names of a host's workers, which take assignments one at a time; a single worker has the host's name. */
export function workerNames(host: string, workers: number): string[] {
  return workers === 1 ? [host] : Array.from({ length: workers }, (_, index) => `${host}#${index + 1}`);
}

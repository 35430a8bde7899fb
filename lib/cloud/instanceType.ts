/** Whether an instance type is Graviton: it has a g after its generation. */
export function isArm(instanceType: string): boolean {
  return /^[a-z]+\d+g/.test(instanceType);
}

/** How many cores (vCPUs) an instance type has at most, by its size; undefined for sizes that do not say. */
export function coresOf(instanceType: string): number | undefined {
  const [, size = ""] = instanceType.split(".");
  const [, multiple] = /^(?:metal-)?(\d*)xl(?:arge)?$/.exec(size) ?? [];
  if (multiple !== undefined) return 4 * Number(multiple || 1);
  return ["nano", "micro", "small", "medium", "large"].includes(size) ? 2 : undefined;
}

/** What waits for its element to be in the page, where its width is known. */
const waiting = new Set<() => void>();

/** Does something once the elements that were just made are in the page: at the next frame, or when `placed` is called. */
export function whenPlaced(action: () => void): void {
  waiting.add(action);
  requestAnimationFrame(placed);
}

/** Does what waits, at once: before a page is printed there is no further frame. */
export function placed(): void {
  const actions = [...waiting];
  waiting.clear();
  for (const action of actions) action();
}

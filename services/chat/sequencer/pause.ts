/** Waits for half to the whole of the time, so that who waits for the same does not come all at once; or until aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms * (0.5 + Math.random() / 2));
    if (signal.aborted) end();
    else signal.addEventListener("abort", end, { once: true });
  });
}

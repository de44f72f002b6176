/** The outcome of the work, or what `late` says once it has taken this long; the work goes on then, for nobody. */
export async function inTime<Outcome, Late>(
  work: Promise<Outcome>,
  ms: number,
  late: () => Late,
): Promise<Outcome | Late> {
  let timer: NodeJS.Timeout | undefined;
  const lateness = new Promise<"late">((resolve) => {
    timer = setTimeout(() => resolve("late"), ms).unref();
  });
  try {
    const first = await Promise.race([work.then((outcome) => ({ outcome })), lateness]);
    return first === "late" ? late() : first.outcome;
  } finally {
    clearTimeout(timer);
  }
}

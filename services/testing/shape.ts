/**
 * What a stack consists of: one process on files, one process on engines that processes share, or several processes on
 * those.
 */
export const shapes = ["embedded", "engines", "split"] as const;
export type Shape = (typeof shapes)[number];

let shape: Shape = "embedded";

/** The shape of the stacks that are started from now on in this test file. */
export function shapeOfRun(): Shape {
  return shape;
}

/** For the files that run scenarios in other shapes. */
export function runInShape(given: Shape): void {
  shape = given;
}

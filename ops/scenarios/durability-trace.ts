/**
 * Reads what `strace -f -y` tells of a server and finds acknowledgements that left too early. strace sees the calls of
 * all threads in an order that agrees with cause and effect: the line of a call that ended stands before every line of
 * what followed from its end.
 */

/** A system call on a file or socket. Times are numbers of lines. */
export interface TracedCall {
  readonly name: string;
  /** What the file descriptor stands for: a path, or "socket:[…]" and the like. */
  readonly file: string;
  /** The arguments as printed, escaped. */
  readonly args: string;
  readonly start: number;
  readonly end: number;
  readonly failed: boolean;
}

/** A message and how its acknowledgement is recognised. */
export interface SentMessage {
  /** Stands in the message's text more than once, far enough apart that no page boundary cuts all of them. */
  readonly marker: string;
  /** Stands in the acknowledgement only. */
  readonly acknowledgement: string;
}

export interface TraceVerdict {
  /** One sentence for each acknowledgement that left before its message was durable, or was not seen. */
  readonly violations: string[];
  /** How many syncs made messages durable: fewer than messages where groups were shared. */
  readonly syncs: number;
}

const whole = /^(\d+) +(\w+)\((?:\d+<(.*?)>(?=[,) ]))?(.*)\) += (-?\d+)/s;
const begun = /^(\d+) +(\w+)\((?:\d+<(.*?)>(?=[,) ]))?(.*?),? *<unfinished \.\.\.>$/s;
const resumed = /^(\d+) +<\.\.\. (\w+) resumed>(.*)\) += (-?\d+)/s;

/** The calls of a trace, in the order of their ends. A call that never ended is left out. */
export function readTrace(trace: string): TracedCall[] {
  const calls: TracedCall[] = [];
  const open = new Map<string, Omit<TracedCall, "end" | "failed">>();
  for (const [index, line] of trace.split("\n").entries()) {
    const [, pid = "", name = "", file = "", args = "", result] = whole.exec(line) ?? begun.exec(line) ?? [];
    if (result !== undefined) {
      calls.push({ name, file, args, start: index, end: index, failed: Number(result) < 0 });
    } else if (name) {
      open.set(pid, { name, file, args, start: index });
    } else {
      const [, thread = "", , rest = "", outcome] = resumed.exec(line) ?? [];
      const call = open.get(thread);
      open.delete(thread);
      if (call) calls.push({ ...call, args: call.args + rest, end: index, failed: Number(outcome) < 0 });
    }
  }
  return calls;
}

/**
 * Checks that each message was written to `logFile`, then a sync of that file began and returned, and only then the
 * acknowledgement was handed to a socket.
 */
export function checkDurability(trace: string, messages: readonly SentMessage[], logFile: string): TraceVerdict {
  const calls = readTrace(trace);
  const writes = calls.filter(({ name, file }) => name.startsWith("pwrite") && file === logFile);
  const syncs = calls.filter(({ name, file, failed }) => /^f(data)?sync$/.test(name) && file === logFile && !failed);
  const sends = calls.filter(({ name, file }) => /^(write|writev|send|sendto|sendmsg)$/.test(name) && isSocket(file));
  const used = new Set<TracedCall>();
  const violations: string[] = [];
  for (const { marker, acknowledgement } of messages) {
    const send = sends.find(({ args }) => args.includes(acknowledgement));
    const write = writes.find(({ args }) => args.includes(marker));
    const sync = write && syncs.find(({ start }) => start > write.end);
    if (!send) violations.push(`no acknowledgement of ${marker} was seen`);
    else if (!write) violations.push(`${marker} was acknowledged and never written to the log`);
    else if (!sync || sync.end >= send.start) violations.push(`${marker} was acknowledged before its sync returned`);
    else used.add(sync);
  }
  return { violations, syncs: used.size };
}

function isSocket(file: string): boolean {
  return /^(TCP|TCPv6|socket):/.test(file);
}

/** Why a WebSocket closes (RFC 6455, section 7.4); docs/websocket.md says what clients do. */
export const closeCodes = {
  /** The call is over; the last message said how. */
  ended: 1000,
  /** As `ended`, since the server stops. */
  goingAway: 1001,
  /** Text came where bytes were due, or the other way round. */
  wrongKind: 1003,
  /** The first message is late or can't be read, or something came after the end. */
  refused: 1008,
  tooLarge: 1009,
} as const;

/** The code where a process that the call was passed on to answers with a status of HTTP's own. */
export function closeCodeOf(status: number): number {
  return 4000 + status;
}

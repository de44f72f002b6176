/**
 * Passing news between processes: marks, typing, presence, ended sessions.
 *
 * Nothing published here is promised to arrive: a listener that was away missed it, and whoever needs certainty polls.
 * Messages of one publisher on one topic arrive in order. Payloads are encoded protobuf messages, one type a topic.
 * Listeners run after the publisher's turn, never within it, and must not throw.
 */
export interface Bus {
  publish(topic: Topic, payload: Uint8Array): void;
  /** Returns what ends the subscription; ending it twice is harmless. */
  subscribe(topic: Topic, listener: (payload: Uint8Array) => void): () => void;
}

/**
 * - `marks`: parley.chat.v1.Marks
 * - `typing`: parley.presence.v1.Typing
 * - `presence`: parley.presence.v1.Presence, as it is before privacy
 * - `privacy`: the UTF-8 id of a user whose privacy settings changed
 * - `sessions`: the UTF-8 id of a session that ended
 */
export type Topic = (typeof topics)[number];

export const topics = ["marks", "typing", "presence", "privacy", "sessions"] as const;

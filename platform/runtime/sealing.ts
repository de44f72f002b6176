import { createCipheriv, createDecipheriv, createSecretKey, hash, randomFillSync } from "node:crypto";

/**
 * Sealed tokens: bytes that a client keeps for us, can't read and can't change (AES-256-GCM, random nonce).
 * A token is bound to its purpose and to whom it was given; it opens under exactly those again.
 */
export interface Sealer {
  /** Base64url of nonce, ciphertext and tag. */
  seal(binding: SealBinding, content: Uint8Array): string;
  /** The content, or undefined where the token is malformed, forged, or was sealed for something or somebody else. */
  open(binding: SealBinding, token: string): Uint8Array | undefined;
}

export interface SealBinding {
  /** What the token is for; a token for one purpose is worthless for another. */
  readonly purpose: "after" | "resume" | "page";
  /** For whom: ids of the user and, where it matters, of the device or conversation. */
  readonly holder: readonly string[];
}

const nonceBytes = 12;
const tagBytes = 16;
/** Nonces that are drawn at once: asking for each would cost more than sealing with it. */
const noncesDrawn = 256;

/** A sealer under a key of 32 bytes. All processes of an installation share the key. */
export function createSealer(keyBytes: Uint8Array): Sealer {
  const key = createSecretKey(keyBytes);
  const nextNonce = drawNonces();
  return {
    seal(binding, content) {
      const nonce = nextNonce();
      const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(bindingBytes(binding));
      return Buffer.concat([nonce, cipher.update(content), cipher.final(), cipher.getAuthTag()]).toString("base64url");
    },
    open(binding, token) {
      const sealed = Buffer.from(token, "base64url");
      if (sealed.length < nonceBytes + tagBytes) return undefined;
      const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(0, nonceBytes), {
        authTagLength: tagBytes,
      });
      decipher.setAAD(bindingBytes(binding)).setAuthTag(sealed.subarray(-tagBytes));
      try {
        return Buffer.concat([decipher.update(sealed.subarray(nonceBytes, -tagBytes)), decipher.final()]);
      } catch {
        return undefined;
      }
    },
  };
}

/** Each call gives a nonce that no other gets; it is to be used before the next call. */
function drawNonces(): () => Uint8Array {
  const drawn = Buffer.alloc(noncesDrawn * nonceBytes);
  let at = drawn.length;
  return () => {
    if (at === drawn.length) {
      randomFillSync(drawn);
      at = 0;
    }
    at += nonceBytes;
    return drawn.subarray(at - nonceBytes, at);
  };
}

function bindingBytes(binding: SealBinding): Uint8Array {
  return hash("sha256", JSON.stringify([binding.purpose, ...binding.holder]), "buffer");
}

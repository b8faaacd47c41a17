/**
 * The sign-in under a code of the phone: sealed by AES-GCM under a key derived from it (PBKDF2, RFC 8018).
 *
 * It keeps a colleague from working in somebody else's name; against who holds the phone and takes his time,
 * six digits are no wall, and the phone's own encryption is what protects it.
 */

const ROUNDS = 310_000; // OWASP's figure for SHA-256 in 2023; half a second on a slow phone

export interface Sealed {
  salt: number[];
  iv: number[];
  data: number[];
}

export async function seal(secret: string, pin: string): Promise<Sealed> {
  const salt = crypto.getRandomValues(new Uint8Array(16));
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const said = new TextEncoder().encode(secret);
  const data = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, await keyOf(pin, salt), said);
  return { salt: [...salt], iv: [...iv], data: [...new Uint8Array(data)] };
}

/** The secret, or null where the code is another. */
export async function unseal({ salt, iv, data }: Sealed, pin: string): Promise<string | null> {
  const key = await keyOf(pin, new Uint8Array(salt));
  try {
    const said = await crypto.subtle.decrypt({ name: "AES-GCM", iv: new Uint8Array(iv) }, key, new Uint8Array(data));
    return new TextDecoder().decode(said);
  } catch {
    return null;
  }
}

async function keyOf(pin: string, salt: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  const said = await crypto.subtle.importKey("raw", new TextEncoder().encode(pin), "PBKDF2", false, ["deriveKey"]);
  const how = { name: "PBKDF2", hash: "SHA-256", salt, iterations: ROUNDS };
  return crypto.subtle.deriveKey(how, said, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}

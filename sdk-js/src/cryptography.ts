// Encryption with keys that functions never see. Not named `crypto`, which would hide the global of Web Crypto. Must not
// know where keys are stored, nor the scheme.
import { type Completion, call } from "./internal/call.js";
import { asBytes, describe, requireName } from "./internal/encode.js";

/** How the key of a document is wrapped: `AES` is `A256KW`, `RSA` is `RSA-OAEP-256`. */
export type KeyWrapAlgorithm = "A256KW" | "AES" | "RSA-OAEP-256" | "RSA";

export interface EncryptOptions {
  /** The key, one of the grant `keys`. */
  keyName: string;
  algorithm: KeyWrapAlgorithm;
  /** For the data itself; `aes-gcm` when absent. */
  cipher?: "aes-gcm" | "chacha20-poly1305";
  /** What the document names as its key instead of `keyName`: that of the private key, where `keyName` is public. */
  decryptionKeyName?: string;
  /** The document does not say which key decrypts it. */
  omitKeyName?: boolean;
}

export interface DecryptOptions {
  /** The key instead of the one that the document names. */
  keyName?: string;
}

/** A cryptography component. */
export class Cryptography {
  readonly #base: { component?: string };

  constructor(name?: string) {
    this.#base = name === undefined ? {} : { component: requireName("cryptography", "name", name) };
  }

  /** Encrypts text (as UTF-8) or bytes into a document of Dapr's scheme, which any Dapr app with the key decrypts. */
  async encrypt(data: string | BufferSource, options: EncryptOptions): Promise<Uint8Array<ArrayBuffer>> {
    const where = "cryptography.encrypt";
    const body = typeof data === "string" ? data : bytes(where, data, "text, an ArrayBuffer or a view of one");
    const { keyName, algorithm, cipher, decryptionKeyName, omitKeyName } = object(where, options);
    const args = {
      ...this.#base,
      key: requireName(where, "options.keyName", keyName),
      algorithm: requireName(where, "options.algorithm", algorithm),
      ...(cipher !== undefined && { cipher: requireName(where, "options.cipher", cipher) }),
      ...(decryptionKeyName !== undefined && {
        decryptionKey: requireName(where, "options.decryptionKeyName", decryptionKeyName),
      }),
      ...(omitKeyName && { omitKey: true }),
    };
    return result(await call("crypto.encrypt", args, body));
  }

  /** Decrypts a document. It was not changed since it was encrypted, or the promise rejects. */
  async decrypt(data: BufferSource, options: DecryptOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    const where = "cryptography.decrypt";
    const body = bytes(where, data, "an ArrayBuffer or a view of one");
    const { keyName } = object(where, options);
    const key = keyName === undefined ? {} : { key: requireName(where, "options.keyName", keyName) };
    return result(await call("crypto.decrypt", { ...this.#base, ...key }, body));
  }
}

/** The cryptography component of that name (`cryptostore` when absent). */
export function cryptography(name?: string): Cryptography {
  return new Cryptography(name);
}

function bytes(where: string, data: unknown, wanted: string): Uint8Array {
  const found = asBytes(data);
  if (found === undefined) throw new TypeError(`${where}: data must be ${wanted}, not ${describe(data)}`);
  return found;
}

function object<T extends object>(where: string, options: T): T {
  if (options === null || typeof options !== "object") {
    throw new TypeError(`${where}: options must be an object, not ${describe(options)}`);
  }
  return options;
}

function result({ body }: Completion): Uint8Array<ArrayBuffer> {
  return new Uint8Array(body);
}

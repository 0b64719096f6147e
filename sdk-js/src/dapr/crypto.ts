// `client.crypto` of `@dapr/dapr` over Daplet's operations: whole documents, no streams.
import { asBytes } from "../internal/encode.js";
import { daprError, type Operate, type Table } from "./error.js";

export interface EncryptRequest {
  componentName: string;
  keyName: string;
  keyWrapAlgorithm: string;
  dataEncryptionCipher?: string;
  decryptionKeyName?: string;
  omitDecryptionKeyName?: boolean;
}

export interface DecryptRequest {
  componentName: string;
  keyName?: string;
}

type Data = ArrayBuffer | ArrayBufferView | string;

const TABLE: Table = { NOT_FOUND: [400, "ERR_CRYPTO_PROVIDER_NOT_FOUND"], INTERNAL: [500, "ERR_CRYPTO"] };

export class Crypto {
  readonly #operate: Operate;

  constructor(operate: Operate) {
    this.#operate = operate;
  }

  async encrypt(inData: Data | EncryptRequest, opts?: EncryptRequest): Promise<Uint8Array> {
    const { componentName, keyName, keyWrapAlgorithm, ...rest } = whole(opts);
    const args = {
      component: required("componentName", componentName),
      key: required("keyName", keyName),
      algorithm: required("keyWrapAlgorithm", keyWrapAlgorithm),
      ...(rest.dataEncryptionCipher !== undefined && { cipher: rest.dataEncryptionCipher }),
      ...(rest.decryptionKeyName !== undefined && { decryptionKey: rest.decryptionKeyName }),
      ...(rest.omitDecryptionKeyName && { omitKey: true }),
    };
    return this.#run("crypto.encrypt", args, inData as Data);
  }

  async decrypt(inData: Data | DecryptRequest, opts?: DecryptRequest): Promise<Uint8Array> {
    const { componentName, keyName } = whole(opts);
    const args = {
      component: required("componentName", componentName),
      ...(keyName !== undefined && { key: keyName }),
    };
    return this.#run("crypto.decrypt", args, inData as Data);
  }

  async #run(op: string, args: object, data: Data): Promise<Uint8Array> {
    const body = typeof data === "string" ? data : asBytes(data);
    if (body === undefined) throw new TypeError("Invalid data: it must be a string, an ArrayBuffer or a view of one");
    try {
      return new Uint8Array((await this.#operate(op, args, body)).body);
    } catch (error) {
      throw daprError(error, TABLE);
    }
  }
}

/** Without data the official client gives a stream of Node's, which functions do not have. */
function whole<T>(options: T | undefined): T {
  if (options === undefined)
    throw new TypeError("client.crypto: streams are not supported; give the data and the options");
  return options;
}

function required(name: string, value: string): string {
  if (!value) throw new Error(`Option '${name}' is required`);
  return value;
}

/** The one primitive that the guest offers to the SDK: a `Transport`. Only `guest.ts` imports it. */
declare module "daplet:host" {
  export function call(
    op: string,
    args: object,
    body?: string | ArrayBuffer | Uint8Array | null,
  ): Promise<{ head: unknown; body: ArrayBuffer; stream?: ReadableStream }>;
}

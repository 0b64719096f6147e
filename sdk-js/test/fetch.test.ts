import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { type FakeDaplet, type FakeOptions, fakeDaplet, type Grants } from "@daplet/sdk/testing";

describe("fetch", () => {
  let daplet: FakeDaplet | undefined;
  afterEach(() => daplet?.uninstall());

  /** What a function's fetch of a URL comes to. */
  const fetched = async (options: FakeOptions, url: string, grants?: Grants): Promise<unknown> => {
    daplet = fakeDaplet(options);
    const handler = async () => {
      try {
        const response = await fetch(url);
        return { status: response.status, url: response.url, text: await response.text() };
      } catch (error) {
        const { message, cause } = error as Error & { cause?: { code: string; message: string } };
        return { message, code: cause?.code, cause: cause?.message };
      }
    };
    daplet.mount("caller", { default: handler }, grants === undefined ? {} : { grants });
    return (await daplet.fetch("/caller")).json();
  };
  const hosts = { "https://api.example.com": (request: Request) => new Response(`got ${request.url}`) };

  test("it goes to what the test registered for the origin", async () => {
    const url = "https://api.example.com/a?b=c";
    assert.deepEqual(await fetched({ hosts }, url), { status: 200, url, text: `got ${url}` });
  });

  test("without that it says what to register", async () => {
    const seen = (await fetched({ hosts }, "https://other.example/")) as Record<string, string>;
    assert.equal(seen.message, "fetch failed");
    assert.equal(seen.code, "ENOTFOUND");
    assert.match(seen.cause ?? "", /hosts: \{ "https:\/\/other\.example"/);
  });

  test("a path alone points to invoke", async () => {
    const seen = (await fetched({}, "/other")) as Record<string, string>;
    assert.match(seen.message ?? "", /invoke/);
  });

  for (const [entry, url, allowed] of [
    ["api.example.com", "https://api.example.com/", true],
    ["API.example.com:443", "https://api.example.com/", true],
    ["api.example.com:8443", "https://api.example.com/", false],
    ["*.example.com", "https://api.example.com/", true],
    ["*.api.example.com", "https://api.example.com/", false],
    ["*", "https://api.example.com/", true],
    ["example.com", "https://api.example.com/", false],
  ] as const) {
    test(`the grant ${entry} ${allowed ? "allows" : "does not allow"} ${url}`, async () => {
      const seen = (await fetched({ hosts }, url, { hosts: [entry] })) as Record<string, unknown>;
      if (allowed) assert.equal(seen.status, 200);
      else assert.equal(seen.code, "HOST_NOT_GRANTED");
    });
  }

  test("entries that could never match are refused, as by the host", () => {
    daplet = fakeDaplet();
    for (const entry of ["http://a.example", "a.example/x", "a:0", "*a.example", "*.10.0.0.1", "::1", ""]) {
      const mount = () => daplet?.mount("caller", { default: () => "" }, { grants: { hosts: [entry] } });
      assert.throws(mount, /grants\.hosts has/, entry);
    }
  });

  test("the test's own fetch stays Node's, and comes back whole", async () => {
    const before = globalThis.fetch;
    const own = fakeDaplet();
    assert.equal(await (await fetch("data:,own")).text(), "own");
    own.uninstall();
    assert.equal(globalThis.fetch, before);
  });
});

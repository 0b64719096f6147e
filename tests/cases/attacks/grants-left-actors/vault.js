import { Actor, actor } from "@daplet/sdk";
export class Vault extends Actor {
  put() {
    this.state.set("pin", "PIN 1234");
    return "ok";
  }
}
export default (request) => actor("Vault", "alice")[new URL(request.url).searchParams.get("m")]();

import { Shape } from "./shapes";
import * as models from "models";
import Default, { Other } from "elsewhere";
enum Kind { A, B }
export { CloudEvent } from "@daplet/sdk";
export default (shape?: Shape | models.Model | Default<Other>) => ({ ok: shape !== undefined || Kind.B === 1 });

import * as sdk from "@daplet/sdk";
export default { fetch() { let n = 0; try { sdk.state = 1 } catch { n++ } try { Object.defineProperty(sdk, "state", { value: 1 }) } catch { n++ } return String(n) } };

import { call } from "daplet:host";
export default () => call;

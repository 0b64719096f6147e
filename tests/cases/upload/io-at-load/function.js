import { state } from "@daplet/sdk";
const settings = await state().get("settings");
export default () => settings;

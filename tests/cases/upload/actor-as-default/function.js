import { Actor } from "@daplet/sdk";
export default class Cart extends Actor {}

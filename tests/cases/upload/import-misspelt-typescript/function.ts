interface Message { text: string }
import { pubSub } from "@daplet/sdk";
export default (m: Message) => pubSub().publish("a", m);

// Conversations with language models, through a component of Dapr. They need a sidecar. Must not know which model answers.
import { call } from "./internal/call.js";
import { decodeText, describe, requireName } from "./internal/encode.js";

/** One message; a string is a message of the user. */
export interface ConversationMessage {
  role: "user" | "system" | "developer" | "assistant";
  content: string;
  name?: string;
}

/** Options of `converse`, with Dapr's names (Conversation API, alpha2). */
export interface ConverseOptions {
  /** Goes on with an earlier conversation. */
  contextId?: string;
  temperature?: number;
  /** Remove personal data from the messages and the answer. */
  scrubPii?: boolean;
  metadata?: Record<string, string>;
  parameters?: Record<string, unknown>;
  /** Functions that the model may ask for. */
  tools?: readonly unknown[];
  toolChoice?: string;
}

/** One answer among several. */
export interface ConversationChoice {
  finishReason?: string;
  index?: string | number;
  message: { content?: string; toolCalls?: { id?: string; function: { name: string; arguments: string } }[] };
}

/** The model's answer. */
export interface ConversationAnswer {
  /** The whole answer as one text. */
  text: string;
  contextId?: string;
  outputs: { choices: ConversationChoice[]; model?: string; usage?: unknown }[];
}

/** One component. */
export class Conversation {
  readonly component: string;

  constructor(component: string) {
    this.component = requireName("conversation", "component", component);
  }

  /** Sends one message or several, and resolves to the answer. */
  async converse(
    messages: string | ConversationMessage | readonly (string | ConversationMessage)[],
    options: ConverseOptions = {},
  ): Promise<ConversationAnswer> {
    const said = Array.isArray(messages) ? (messages as readonly (string | ConversationMessage)[]) : [messages];
    const inputs = [{ messages: said.map((message) => wire(message as string | ConversationMessage)) }];
    const body = JSON.stringify({ ...options, inputs });
    const answer = await call("conversation.converse", { component: this.component }, body);
    const { outputs = [], contextId } = JSON.parse(decodeText(answer.body)) as Partial<ConversationAnswer>;
    const text = outputs.flatMap((output) => output.choices.map((choice) => choice.message.content ?? "")).join("\n");
    return { text, outputs, ...(contextId !== undefined && { contextId }) };
  }
}

const ROLES = { user: "ofUser", system: "ofSystem", developer: "ofDeveloper", assistant: "ofAssistant" } as const;

function wire(message: string | ConversationMessage): object {
  const { role, content, name } =
    typeof message === "string" ? { role: "user" as const, content: message, name: undefined } : message;
  if (typeof content !== "string") {
    throw new TypeError(`conversation.converse: a message's content must be a string, not ${describe(content)}`);
  }
  if (!Object.hasOwn(ROLES, role)) {
    throw new TypeError(
      `conversation.converse: role is ${JSON.stringify(role)}, but must be ${Object.keys(ROLES).join(", ")}`,
    );
  }
  return { [ROLES[role]]: { ...(name !== undefined && { name }), content: [{ text: content }] } };
}

/** A conversation component, by its name. */
export function conversation(component: string): Conversation {
  return new Conversation(component);
}

// What a module declares beside its handlers: subscriptions, schedules, bindings, what it watches. Wrong ones are refused with the
// place and what may stand there.
//
// An expression: a function without arguments to the readers that dispatch.js uses while it loads a function.
() => {
  const { isArray } = Array;
  const refuse = (message) => { throw new TypeError(message) };
  const kind = (v) => (v === null ? "null" : isArray(v) ? "an array" : typeof v === "object" ? "an object" : `a ${typeof v}`);

  const SUBSCRIPTION_KEYS = ["pubsub", "topic", "deadLetterTopic", "retry", "rawPayload", "routes"];
  const readSubscriptions = (list) => {
    if (list === undefined) return [];
    if (!isArray(list)) refuse(`"subscriptions" must be an array, not ${kind(list)}`);
    return list.map((entry, index) => {
      const where = `subscriptions[${index}]`;
      if (typeof entry === "string") entry = { topic: entry };
      if (typeof entry !== "object" || entry === null) refuse(`${where} must be an object with "topic", not ${kind(entry)}`);
      for (const key of Object.keys(entry)) {
        if (!SUBSCRIPTION_KEYS.includes(key)) refuse(`${where} has an unknown key "${key}"; known are ${SUBSCRIPTION_KEYS.join(", ")}`);
      }
      const { pubsub = "pubsub", topic, deadLetterTopic, retry, rawPayload = false, routes } = entry;
      if (typeof topic !== "string" || topic === "") refuse(`${where}.topic must be a non-empty string`);
      if (typeof pubsub !== "string" || pubsub === "") refuse(`${where}.pubsub must be a non-empty string`);
      if (deadLetterTopic !== undefined && typeof deadLetterTopic !== "string") refuse(`${where}.deadLetterTopic must be a string`);
      if (typeof rawPayload !== "boolean") refuse(`${where}.rawPayload must be true or false`);
      if (retry !== undefined && (typeof retry !== "object" || retry === null)) refuse(`${where}.retry must be an object`);
      return { pubsub, topic, deadLetterTopic, retry, rawPayload, routes: readRoutes(routes, `${where}.routes`) };
    });
  };
  const readSchedules = (list) => {
    if (list === undefined) return [];
    if (!isArray(list)) refuse(`"schedules" must be an array, not ${kind(list)}`);
    return list.map((entry, index) => {
      const where = `schedules[${index}]`;
      if (typeof entry === "string") entry = { schedule: entry };
      if (typeof entry !== "object" || entry === null) refuse(`${where} must be an object with "schedule", not ${kind(entry)}`);
      const { name, schedule, data, ...rest } = entry;
      for (const key of Object.keys(rest)) refuse(`${where} has an unknown key "${key}"; known are name, schedule, data`);
      if (typeof schedule !== "string") refuse(`${where}.schedule must be a string`);
      if (name !== undefined && (typeof name !== "string" || name === "")) refuse(`${where}.name must be a non-empty string`);
      return { name: name ?? schedule, schedule, data };
    });
  };
  const readNames = (list, where) => {
    if (list === undefined) return [];
    if (!isArray(list)) refuse(`"${where}" must be an array, not ${kind(list)}`);
    return list.map((name, index) => {
      if (typeof name !== "string" || name === "") refuse(`${where}[${index}] must be a non-empty string`);
      return name;
    });
  };
  const readWatches = (list) => {
    if (list === undefined) return [];
    if (!isArray(list)) refuse(`"configuration" must be an array, not ${kind(list)}`);
    return list.map((entry, index) => {
      const where = `configuration[${index}]`;
      if (typeof entry !== "object" || entry === null) refuse(`${where} must be an object with "store" and "keys", not ${kind(entry)}`);
      const { store = "configstore", keys, ...rest } = entry;
      for (const key of Object.keys(rest)) refuse(`${where} has an unknown key "${key}"; known are store, keys`);
      if (typeof store !== "string" || store === "") refuse(`${where}.store must be a non-empty string`);
      return { store, keys: readNames(keys, `${where}.keys`) };
    });
  };
  const readRoutes = (routes, where) => {
    if (routes === undefined) return undefined;
    if (typeof routes !== "object" || routes === null) refuse(`${where} must be an object with "rules" or "default", not ${kind(routes)}`);
    const { rules = [], default: otherwise, ...rest } = routes;
    for (const key of Object.keys(rest)) refuse(`${where} has an unknown key "${key}"; known are rules, default`);
    if (!isArray(rules)) refuse(`${where}.rules must be an array, not ${kind(rules)}`);
    if (otherwise !== undefined && typeof otherwise !== "string") refuse(`${where}.default must be a string`);
    if (rules.length === 0 && otherwise === undefined) refuse(`${where} must have a rule or a default`);
    return {
      rules: rules.map((rule, index) => {
        if (typeof rule !== "object" || rule === null) refuse(`${where}.rules[${index}] must be an object with "match" and "path"`);
        const { match = "", path } = rule;
        if (typeof match !== "string") refuse(`${where}.rules[${index}].match must be a string`);
        if (typeof path !== "string") refuse(`${where}.rules[${index}].path must be a string`);
        return { match, path };
      }),
      default: otherwise,
    };
  };

  return { refuse, kind, readSubscriptions, readSchedules, readNames, readWatches };
}

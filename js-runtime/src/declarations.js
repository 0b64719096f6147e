// What a module declares beside its handlers: subscriptions, schedules, bindings, what it watches. Wrong ones are refused with the
// place and what may stand there.
//
// An expression: a function without arguments to what dispatch.js uses while it loads a function.
() => {
  const { isArray } = Array;
  const refuse = (message) => { throw new TypeError(message) };
  const kind = (v) => (v === null ? "null" : v === undefined ? "nothing" : isArray(v) ? "an array" : typeof v === "object" ? "an object" : `a ${typeof v}`);

  const SUBSCRIPTION_KEYS = ["pubsub", "topic", "deadLetterTopic", "retry", "rawPayload", "routes", "bulkSubscribe"];
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
      const { pubsub = "pubsub", topic, deadLetterTopic, retry, rawPayload = false, routes, bulkSubscribe } = entry;
      if (typeof topic !== "string" || topic === "") refuse(`${where}.topic must be a non-empty string`);
      if (typeof pubsub !== "string" || pubsub === "") refuse(`${where}.pubsub must be a non-empty string`);
      if (deadLetterTopic !== undefined && typeof deadLetterTopic !== "string") refuse(`${where}.deadLetterTopic must be a string`);
      if (typeof rawPayload !== "boolean") refuse(`${where}.rawPayload must be true or false`);
      if (retry !== undefined && (typeof retry !== "object" || retry === null)) refuse(`${where}.retry must be an object`);
      return {
        pubsub, topic, deadLetterTopic, retry, rawPayload,
        routes: readRoutes(routes, `${where}.routes`),
        bulkSubscribe: readBulk(bulkSubscribe, `${where}.bulkSubscribe`),
      };
    });
  };
  // Dapr's names and defaults; `true` is short for those.
  const MAX_MESSAGES = 1000, MAX_AWAIT_MS = 60000;
  const readBulk = (bulk, where) => {
    if (bulk === true) bulk = {};
    if (bulk === undefined || bulk === false) return undefined;
    if (typeof bulk !== "object" || bulk === null) refuse(`${where} must be true or an object, not ${kind(bulk)}`);
    const { enabled = true, maxMessagesCount = 100, maxAwaitDurationMs = 1000, ...rest } = bulk;
    for (const key of Object.keys(rest)) {
      refuse(`${where} has an unknown key "${key}"; known are enabled, maxMessagesCount, maxAwaitDurationMs`);
    }
    if (typeof enabled !== "boolean") refuse(`${where}.enabled must be true or false`);
    const whole = (name, value, most) => {
      if (Number.isInteger(value) && value >= 1 && value <= most) return;
      refuse(`${where}.${name} is ${typeof value === "number" ? value : kind(value)}, but must be a whole number from 1 to ${most}`);
    };
    whole("maxMessagesCount", maxMessagesCount, MAX_MESSAGES);
    whole("maxAwaitDurationMs", maxAwaitDurationMs, MAX_AWAIT_MS);
    return enabled ? { maxMessagesCount, maxAwaitDurationMs } : undefined;
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

  // All of them, and whether each has its handler; `handles` tells that by the handler's name.
  const readDeclarations = (namespace, handles) => {
    const subscriptions = readSubscriptions(namespace.subscriptions);
    if (subscriptions.some((subscription) => !subscription.bulkSubscribe) && !handles("message")) {
      refuse('the module exports "subscriptions" but no "message" handler: add `message(event, env, ctx)` to the default export');
    }
    const bulk = subscriptions.findIndex((subscription) => subscription.bulkSubscribe);
    if (bulk >= 0 && !handles("messages")) {
      refuse(`subscriptions[${bulk}] has "bulkSubscribe" but there is no "messages" handler: add \`messages(events, env, ctx)\` to the default export`);
    }
    if (bulk < 0 && handles("messages")) {
      refuse('the module exports a "messages" handler but no subscription with "bulkSubscribe": add it to one of "subscriptions"');
    }
    const schedules = readSchedules(namespace.schedules);
    if (schedules.length > 0 && !handles("job")) {
      refuse('the module exports "schedules" but no "job" handler: add `job(event, env, ctx)` to the default export');
    }
    const bindings = readNames(namespace.bindings, "bindings");
    if (bindings.length > 0 && !handles("binding")) {
      refuse('the module exports "bindings" but no "binding" handler: add `binding(event, env, ctx)` to the default export');
    }
    // A function of that name is the handler itself.
    const configuration = typeof namespace.configuration === "function" ? [] : readWatches(namespace.configuration);
    if (configuration.length > 0 && !handles("configuration")) {
      refuse('the module exports "configuration" but no handler: add `configuration(change, env, ctx)` to the default export');
    }
    return { subscriptions, schedules, bindings, configuration };
  };

  return { refuse, kind, readDeclarations };
}

const taken = Math.random(), ids = crypto.randomUUID();
export default () => String(Math.random() !== taken && crypto.randomUUID() !== ids);

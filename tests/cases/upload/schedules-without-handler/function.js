export const schedules = ["@daily"];
export default { fetch: () => "no handler of jobs" };

export const schedules = ["@daily", { name: "@daily", schedule: "@hourly" }];
export default { job() {} };

export const schedules = ["@daily", { name: "late", schedule: "0 0 25 * * *" }];
export default { job() {} };

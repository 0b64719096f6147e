Promise.reject(new Error("nobody"));
export default () => 1;

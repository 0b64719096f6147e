const config = undefined;
const port = config.port;
export default () => port;

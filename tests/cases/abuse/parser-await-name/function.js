const await = 1;
export default () => await;

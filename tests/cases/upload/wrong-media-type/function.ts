const greeting: string = "hello";
export default () => greeting;

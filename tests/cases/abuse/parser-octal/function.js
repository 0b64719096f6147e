export default () => 010;

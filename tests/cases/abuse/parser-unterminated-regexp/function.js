export default () => /abc;

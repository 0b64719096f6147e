export default () => /(/;

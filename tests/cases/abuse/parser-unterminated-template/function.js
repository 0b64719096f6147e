export default () => `abc ${1;
